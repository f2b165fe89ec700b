"""What the committed arrays leave out, and who owns each file: counted here by other means.

Nothing of the generator and of its own audit is used: the rows are read as data, and what can be
answered is found by trying every assignment of the questions that a validator speaks of.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import questions
from tests.support.figures import LINE
from tests.support.questions import MEMBER, Model, environment
from tests.support.rendering import ROOT
from tests.support.trees import inside, template_paths

ARRAYS = {"pairs": 2, "triples": 3}
LEFT_OUT = {"pairs": ("license",), "triples": ()}
# Each stands for the other where the choices take turns.
STANDS_FOR = {"pairs": {"aws": "vault", "gcp": "vault", "azure": "vault"}, "triples": {}}
CORE = "core"

type Combination = frozenset[tuple[str, Any]]


@pytest.mark.parametrize(("array", "strength"), ARRAYS.items())
def test_the_committed_rows_have_every_combination_that_can_be_answered(
    array: str, strength: int, record_property: Callable[[str, object], None]
) -> None:
    model = questions.load(without=LEFT_OUT[array])
    stands_for = STANDS_FOR[array]
    for factor, values in model.factors.items():
        model.factors[factor] = tuple(one for one in values if one not in stands_for)
    covered = {
        frozenset(chosen)
        for row in committed(array, model)
        for chosen in combinations(row.items(), strength)
    }

    wanted = set(answerable(model, strength))

    missing = wanted - covered
    record_property(f"{LINE}{array}", f"feasible {array}: {len(wanted)}, missing: {len(missing)}")
    assert missing == set()
    assert covered <= wanted, "a row gives answers that a validator refuses"


def test_every_file_has_one_owner(record_property: Callable[[str, object], None]) -> None:
    owners = {path: sorted(owners_of(path)) for path in template_paths()}
    optional = [path for path, names in owners.items() if names != [CORE]]

    line = f"files: {len(owners)}, of the core: {len(owners) - len(optional)}"
    record_property(f"{LINE}owners", f"{line}, of one extension: {len(optional)}")
    assert {path: names for path, names in owners.items() if len(names) != 1} == {}


def test_every_path_that_an_extension_owns_is_there() -> None:
    paths = template_paths()
    named = {path for patterns in declared().values() for path in patterns}

    assert [one for one in named if not any(inside(path, one) for path in paths)] == []


def committed(array: str, model: Model) -> list[dict[str, Any]]:
    """The rows as values of factors: a question of many choices is one factor a choice."""
    rows = json.loads((ROOT / "tests" / "data" / f"{array}.json").read_text())
    values = [{factor: value_of(row, factor) for factor in model.factors} for row in rows]
    stands_for = STANDS_FOR[array]
    return [{name: stands_for.get(value, value) for name, value in row.items()} for row in values]


def value_of(row: dict[str, Any], factor: str) -> Any:
    question, member, choice = factor.partition(MEMBER)
    return choice in row[question] if member else row[question]


def answerable(model: Model, strength: int) -> Iterator[Combination]:
    """Combinations that some set of answers contains which no validator refuses."""
    bound = sorted({factor for rule in model.constraints for factor in rule.factors})
    every = (
        dict(zip(bound, values, strict=True))
        for values in product(*(model.factors[factor] for factor in bound))
    )
    legal = [row for row in every if all(rule.holds(row) for rule in model.constraints)]

    @cache
    def occurs(chosen: Combination) -> bool:
        return any(chosen <= row.items() for row in legal)

    for factors in combinations(model.factors, strength):
        for values in product(*(model.factors[factor] for factor in factors)):
            chosen = frozenset(zip(factors, values, strict=True))
            if occurs(frozenset(pair for pair in chosen if pair[0] in bound)):
                yield chosen


def owners_of(path: str) -> set[str]:
    """Those who name it most exactly: `/.github` is ci's, a workflow in it may be another's."""
    named = {
        (len(pattern), extension)
        for extension, patterns in declared().items()
        for pattern in patterns
        if inside(path, pattern)
    }
    longest = max((length for length, _ in named), default=0)
    return {extension for length, extension in named if length == longest} or {CORE}


@cache
def declared() -> dict[str, set[str]]:
    """Paths by the extension that leaves them out, with whatever answers."""
    rows = json.loads((ROOT / "tests" / "data" / "triples.json").read_text())
    found: dict[str, set[str]] = defaultdict(set)
    for declaration in (ROOT / "extensions").glob("*.yml"):
        for template in _patterns(declaration):
            rendered = {environment().from_string(template).render(row) for row in ({}, *rows)}
            lines = {line.strip() for text in rendered for line in text.splitlines()}
            found[declaration.stem] |= {line.removeprefix("/") for line in lines if line}
    return found


def _patterns(declaration: Path) -> Iterator[str]:
    for document in yaml.safe_load_all(declaration.read_text()):
        yield from document.get("_exclude", [])
