"""The model behind the covering arrays, read from copier.yml.

A factor is a question with a closed set of answers. A question that takes several choices becomes
one yes-or-no factor per choice, so that every subset can occur. Constraints are the validators of
copier.yml themselves: a combination is feasible when no validator has a sentence against it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from copier._jinja_ext import YieldExtension
from jinja2 import StrictUndefined, meta
from jinja2.sandbox import SandboxedEnvironment

from tests.support.rendering import questions, settings

# They only decide about the defaults of later questions and whether those are asked; a row answers
# every question itself.
NOT_VARIED = ("preset", "customize")
# Not a dot, which covertable reads as a path into nested rows.
MEMBER = "/"

Assignment = Mapping[str, Any]


@dataclass(frozen=True)
class Constraint:
    """`holds` may be asked once every factor of `factors` has a value."""

    factors: tuple[str, ...]
    holds: Callable[[Assignment], bool]


@dataclass(frozen=True)
class Model:
    factors: dict[str, tuple[Any, ...]]
    constraints: tuple[Constraint, ...]

    def answers(self, row: Assignment) -> dict[str, Any]:
        """The row as Copier takes it, the choices of one question gathered into its list."""
        answers: dict[str, Any] = {}
        for factor in self.factors:
            question, _, choice = factor.partition(MEMBER)
            if not choice:
                answers[question] = row[factor]
            elif answers.setdefault(question, []) is not None and row[factor]:
                answers[question].append(choice)
        return answers


def load(
    declared: Mapping[str, Mapping[str, Any]] | None = None, without: Collection[str] = ()
) -> Model:
    """`without` names questions that the model leaves to their defaults."""
    declared = questions() if declared is None else declared
    factors: dict[str, tuple[Any, ...]] = {}
    for name, question in declared.items():
        if name not in without:
            factors.update(_factors_of(name, question))
    reader = _Reader(declared, factors)
    return Model(factors, tuple(reader.constraints()))


def choices(question: Mapping[str, Any]) -> dict[Any, str]:
    """Each value with the validator of its own, empty where it has none."""
    listed = question.get("choices", [])
    pairs = listed.items() if isinstance(listed, dict) else ((item, item) for item in listed)
    values = [value for _, value in pairs]
    return {
        (value["value"] if isinstance(value, dict) else value): (
            value.get("validator", "") if isinstance(value, dict) else ""
        )
        for value in values
    }


@cache
def environment() -> SandboxedEnvironment:
    """Jinja as Copier sets it up for this template."""
    options = dict(settings()["envops"]) | {"undefined": StrictUndefined}
    extensions = ["jinja2_ansible_filters.AnsibleCoreFiltersExtension", YieldExtension]
    return SandboxedEnvironment(extensions=extensions, autoescape=False, **options)


def variables(source: str) -> set[str]:
    return meta.find_undeclared_variables(environment().parse(source))


def _factors_of(name: str, question: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    asked = question.get("when", True)
    if not isinstance(asked, bool):
        raise TypeError(f"{name}: `when` must be true or false; refuse what is impossible instead")
    if not asked or name in NOT_VARIED:
        return {}
    if question.get("multiselect"):
        return {f"{name}{MEMBER}{choice}": (False, True) for choice in choices(question)}
    if question.get("type") == "bool":
        return {name: (False, True)}
    return {name: tuple(choices(question))} if choices(question) else {}


class _Reader:
    """Turns the validators of the questions into constraints on factors."""

    def __init__(
        self,
        declared: Mapping[str, Mapping[str, Any]],
        factors: Mapping[str, tuple[Any, ...]],
    ) -> None:
        self.declared = declared
        self.factors = factors

    def constraints(self) -> Iterator[Constraint]:
        for name, question in self.declared.items():
            if not self.members(name):
                continue
            if question.get("validator"):
                yield self.constraint(name, None, question["validator"])
            for value, validator in choices(question).items():
                if validator:
                    yield self.constraint(name, value, validator)

    def constraint(self, name: str, value: Any, validator: str) -> Constraint:
        involved = {name} | self.questions_behind(variables(validator))
        factors = tuple(
            factor for factor in self.factors if factor.partition(MEMBER)[0] in involved
        )

        @cache
        def accepts(values: tuple[Any, ...]) -> bool:
            context = self.context(dict(zip(factors, values, strict=True)), involved)
            chosen = context[name]
            if value is not None and value != chosen and not _contains(chosen, value):
                return True
            return not environment().from_string(validator).render(context).strip()

        def holds(row: Assignment) -> bool:
            return accepts(tuple(row[factor] for factor in factors))

        return Constraint(factors, holds)

    def members(self, question: str) -> list[str]:
        return [factor for factor in self.factors if factor.partition(MEMBER)[0] == question]

    def questions_behind(self, names: set[str]) -> set[str]:
        """The questions whose answers decide these variables, computed values looked through."""
        found: set[str] = set()
        for name in names & set(self.declared):
            found.add(name)
            if not self.members(name):
                default = str(self.declared[name].get("default", ""))
                found |= self.questions_behind(variables(default) - {name})
        return found

    def context(self, row: Assignment, involved: set[str]) -> dict[str, Any]:
        context: dict[str, Any] = {}
        for name in self.declared:
            if name not in involved:
                continue
            members = self.members(name)
            if members and self.declared[name].get("multiselect"):
                context[name] = [m.partition(MEMBER)[2] for m in members if row[m]]
            elif members:
                context[name] = row[name]
            else:
                default = str(self.declared[name].get("default", ""))
                rendered = environment().from_string(default).render(context)
                context[name] = yaml.safe_load(rendered)
        return context


def _contains(chosen: Any, value: Any) -> bool:
    return isinstance(chosen, list) and value in chosen
