"""Compares rendered projects by path and content."""

from pathlib import Path
from typing import Any

import yaml
from jinja2 import ChainableUndefined

from tests.support.questions import environment
from tests.support.rendering import questions, settings, work_tree

ANSWERS = ".copier-answers.yml"
SUFFIX = ".jinja"
# Its diagrams show every part that a project has; tests/docs reads them in every variant.
DRAWN = "docs/architecture.md"
NOT_RENDERED = {".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}


def files(project: Path) -> dict[str, bytes]:
    """Each file's content by its path, without what tools leave behind."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file() and NOT_RENDERED.isdisjoint(path.relative_to(project).parts)
    }


def without_answers(project: Path) -> dict[str, bytes]:
    return {name: content for name, content in files(project).items() if name != ANSWERS}


def changed(before: Path, after: Path) -> set[str]:
    """Paths that only one of the projects has, or whose contents differ; not the diagrams."""
    one, other = without_answers(before), without_answers(after)
    return {name for name in one | other if one.get(name) != other.get(name)} - {DRAWN}


def template_paths() -> set[str]:
    """Every path that a project can have, as it is rendered."""
    return {path.removesuffix(SUFFIX) for path in _sources()}


def jinja_paths() -> set[str]:
    """Those whose content depends on the answers."""
    return {path.removesuffix(SUFFIX) for path in _sources() if path.endswith(SUFFIX)}


def owned_paths(answers: dict[str, Any]) -> list[str]:
    """The paths that extensions leave out of a project with these answers."""
    known = answers | derived(answers)
    rendered = [environment().from_string(one).render(known) for one in settings()["exclude"]]
    return [path.removeprefix("/") for path in rendered if path.startswith("/")]


def derived(answers: dict[str, Any]) -> dict[str, bool]:
    """Whether each support part is rendered; a question without an answer counts as off."""
    lenient = environment().overlay(undefined=ChainableUndefined)
    found: dict[str, bool] = {}
    for name, question in questions().items():
        if question["type"] == "bool" and question.get("when") is False:
            default = lenient.from_string(question["default"])
            found[name] = yaml.safe_load(default.render(answers | found))
    return found


def inside(path: str, owned: str) -> bool:
    """Whether it is that path, or lies in that folder."""
    return f"{path}/".startswith(f"{owned}/")


def _sources() -> set[str]:
    template = work_tree() / "template"
    paths = (path for path in template.rglob("*") if path.is_file())
    names = {path.relative_to(template).as_posix() for path in paths}
    return {name for name in names if not name.startswith("{{")}
