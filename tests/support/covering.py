"""Covering arrays over the questions, kept as data so that a change of one is seen in review.

`uv run python -m tests.support.covering` writes them anew.
"""

import json
from collections.abc import Iterator
from itertools import combinations, cycle, product
from pathlib import Path
from typing import Any

import covertable

from tests.support import question_page
from tests.support.questions import Model, load
from tests.support.rendering import ROOT, presets

DATA = ROOT / "tests" / "data"
STRENGTHS = {"pairs": 2, "triples": 3}
SALTS = {"pairs": 40, "triples": 5}
# No test of a project reads its license: docs/decisions/0011-suites-leave-the-license-out.md
LEFT_OUT = {"pairs": ("license",), "triples": ()}
# Choices that differ by one file behind one port take turns where any of them is wanted:
# docs/decisions/0013-stores-of-secrets-take-turns.md
ALIKE: dict[str, dict[str, tuple[str, ...]]] = {
    "pairs": {"secrets_backend": ("vault", "aws", "gcp", "azure")},
    "triples": {},
}


def model_of(array: str) -> Model:
    """The questions of an array, with one choice in place of those that are alike."""
    model = load(without=LEFT_OUT[array])
    spare = {name: set(alike[1:]) for name, alike in ALIKE[array].items()}
    factors = {
        name: tuple(value for value in values if value not in spare.get(name, ()))
        for name, values in model.factors.items()
    }
    return Model(factors, model.constraints)


def shortest(array: str) -> list[dict[str, Any]]:
    """The search is greedy and its order is left to a salt: the best of some, a row each less."""
    model, strength = model_of(array), STRENGTHS[array]
    return min((make(model, strength, str(salt)) for salt in range(SALTS[array])), key=len)


def make(model: Model, strength: int, salt: str = "") -> list[dict[str, Any]]:
    """Rows of factor values in which every feasible combination of `strength` values occurs."""
    rows = covertable.make(
        {name: list(values) for name, values in model.factors.items()},
        strength=min(strength, len(model.factors)),
        salt=salt,
        constraints=[
            {"operator": "fn", "requires": list(rule.factors), "evaluate": rule.holds}
            for rule in model.constraints
        ],
    )
    return [{name: row[name] for name in model.factors} for row in rows]


def missing(model: Model, strength: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Feasible combinations that no row has, by plain enumeration."""
    covered = {
        tuple((name, row[name]) for name in names)
        for row in rows
        for names in combinations(model.factors, strength)
    }
    return [
        dict(wanted)
        for wanted in _combinations(model, strength)
        if wanted not in covered and feasible(model, dict(wanted))
    ]


def feasible(model: Model, partial: dict[str, Any]) -> bool:
    """Whether some complete assignment that no validator refuses contains this partial one."""
    known = set(partial)
    if not all(rule.holds(partial) for rule in model.constraints if known.issuperset(rule.factors)):
        return False
    open_factors = [name for name in model.factors if name not in known]
    if not open_factors:
        return True
    name = open_factors[0]
    return any(feasible(model, partial | {name: value}) for value in model.factors[name])


def rows(array: str) -> list[dict[str, Any]]:
    """The answers of the committed array, followed by each preset on its own."""
    stored: list[dict[str, Any]] = json.loads((DATA / f"{array}.json").read_text())
    return stored + [{"preset": preset} for preset in presets()]


def label(answers: dict[str, Any]) -> str:
    parts = ("+".join(value) if isinstance(value, list) else value for value in answers.values())
    return ",".join(str(part) or "-" for part in parts)


def path(array: str) -> Path:
    return DATA / f"{array}.json"


def text(array: str) -> str:
    model = model_of(array)
    answers = [model.answers(row) for row in shortest(array)]
    for name, alike in ALIKE[array].items():
        turns = cycle(alike)
        for answer in answers:
            answer[name] = next(turns) if answer[name] == alike[0] else answer[name]
    return "[\n" + ",\n".join(f"  {json.dumps(answer)}" for answer in answers) + "\n]\n"


def _combinations(model: Model, strength: int) -> Iterator[tuple[tuple[str, Any], ...]]:
    for names in combinations(model.factors, strength):
        for values in product(*(model.factors[name] for name in names)):
            yield tuple(zip(names, values, strict=True))


if __name__ == "__main__":
    for name in STRENGTHS:
        path(name).write_text(text(name))
    question_page.write()
