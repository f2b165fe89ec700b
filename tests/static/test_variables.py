"""A misspelt variable or a question that nothing reads, found without rendering anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.questions import variables
from tests.support.rendering import ROOT, questions, settings

TEMPLATE = ROOT / "template"
# A render may not depend on the folder, the clock or the machine, so bodies get no more than these.
PROVIDED = {"_copier_answers", "_copier_conf"}
# The first question that a preset gains in a later release reads it:
# docs/decisions/0004-presets-grow.md
STORED_FOR_LATER = "preset_generation"
PATHS = sorted(path for path in TEMPLATE.rglob("*") if path.is_file())
BODIES = [path for path in PATHS if path.suffix == ".jinja"]


@pytest.mark.parametrize("path", BODIES, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_a_body_uses_declared_variables_only(path: Path) -> None:
    assert variables(path.read_text()) - PROVIDED <= set(questions())


def test_path_names_use_declared_variables_only() -> None:
    used = {name for path in PATHS for name in variables(str(path.relative_to(TEMPLATE)))}

    assert used - PROVIDED <= set(questions())


def test_copier_yml_uses_declared_variables_only() -> None:
    used = {name for source in _expressions() for name in variables(source)}

    assert used - PROVIDED <= set(questions())


@pytest.mark.parametrize("name", [name for name in questions() if name != STORED_FOR_LATER])
def test_every_question_is_read_somewhere(name: str) -> None:
    own = {"validator"}
    elsewhere = [source for source in _expressions(skip=(name, own)) if name in variables(source)]
    bodies = [path for path in BODIES if name in variables(path.read_text())]
    names = [path for path in PATHS if name in variables(str(path.relative_to(TEMPLATE)))]

    assert elsewhere or bodies or names


@pytest.mark.parametrize("path", BODIES, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_a_block_tag_stands_alone_at_the_start_of_its_line(path: Path) -> None:
    tags = [line for line in path.read_text().splitlines() if "{%" in line]

    assert [line for line in tags if not (line.startswith("{% ") and line.endswith(" %}"))] == []


def _expressions(skip: tuple[str, set[str]] = ("", set())) -> Iterator[str]:
    """Every string of copier.yml that Copier renders, except some keys of one question."""
    yield from _strings(settings())
    for name, question in questions().items():
        left_out = skip[1] if name == skip[0] else set()
        yield from _strings({key: value for key, value in question.items() if key not in left_out})


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
