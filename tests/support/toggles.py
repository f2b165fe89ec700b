"""Every optional part as something that an update can switch on, and off again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.covering import make
from tests.support.questions import MEMBER, Model, load


@dataclass(frozen=True)
class Toggle:
    question: str
    value: str
    off: dict[str, Any]
    on: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.question}={self.value}"


def toggles() -> list[Toggle]:
    """The first choice of a question is its off; each other one is switched on from there."""
    model = load()
    return [
        toggle(model, factor, value)
        for factor, values in model.factors.items()
        for value in values[1:]
    ]


def one_of_each_question() -> list[Toggle]:
    """The first choice beside off: the files of every choice are compared elsewhere."""
    return list({one.question: one for one in reversed(toggles())}.values())[::-1]


def toggle(model: Model, factor: str, value: Any) -> Toggle:
    for base in surroundings(model):
        off = base | {factor: model.factors[factor][0]}
        on = base | {factor: value}
        if allowed(model, off) and allowed(model, on):
            question, _, choice = factor.partition(MEMBER)
            return Toggle(question, choice or str(value), model.answers(off), model.answers(on))
    raise AssertionError(f"{factor}={value} cannot be switched on in any surroundings")


def surroundings(model: Model) -> Iterator[dict[str, Any]]:
    """Everything off first, because there the part alone is seen; then what it may need."""
    off = {factor: values[0] for factor, values in model.factors.items()}
    yield off
    for factor, values in model.factors.items():
        yield from (off | {factor: value} for value in values[1:])
    yield from make(model, 2)


def allowed(model: Model, row: dict[str, Any]) -> bool:
    return all(constraint.holds(row) for constraint in model.constraints)
