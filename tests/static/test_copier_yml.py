"""What Copier would accept without a word: unknown keys, missing includes, repeated questions."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.questions import choices, environment
from tests.support.rendering import ROOT, asked, questions, settings
from tests.support.trees import template_paths

# No _tasks and no _jinja_extensions: both would need --trust.
SETTINGS = {
    "envops",
    "exclude",
    "message_after_copy",
    "message_after_update",
    "migrations",
    "min_copier_version",
    "skip_if_exists",
    "subdirectory",
}
# No secret: it would not be stored, and so come back as its default at every update.
QUESTION_KEYS = {
    "ask",
    "choices",
    "default",
    "help",
    "multiline",
    "multiselect",
    "placeholder",
    "type",
    "validator",
    "when",
}
ASKED = asked()
EXTENSIONS = sorted(path.stem for path in (ROOT / "extensions").glob("*"))


class _Include(str):
    """The path after an `!include`."""


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_constructor("!include", lambda loader, node: _Include(node.value))


def _documents(path: str = "copier.yml") -> list[Any]:
    with (ROOT / path).open() as stream:
        return list(yaml.load_all(stream, Loader=_Loader))


def _names() -> Iterator[str]:
    for document in _documents():
        source = _documents(document) if isinstance(document, _Include) else [document]
        for part in source:
            yield from part


def test_every_setting_is_one_that_copier_knows_and_that_needs_no_trust() -> None:
    assert set(settings()) <= SETTINGS


def test_every_migration_is_scoped_to_a_version() -> None:
    assert all("version" in step for step in settings().get("migrations", []))


@pytest.mark.parametrize("name", questions())
def test_every_key_of_a_question_is_known(name: str) -> None:
    assert set(questions()[name]) <= QUESTION_KEYS


def test_no_question_stands_twice() -> None:
    repeated = [name for name, times in Counter(_names()).items() if times > 1]

    assert [name for name in repeated if not name.startswith("_")] == []


def test_every_extension_is_included_once_by_its_name() -> None:
    included = [document for document in _documents() if isinstance(document, _Include)]

    assert sorted(included) == [f"extensions/{name}.yml" for name in EXTENSIONS]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_extension_declares_its_own_question_and_values_derived_from_it(extension: str) -> None:
    (declared,) = _documents(f"extensions/{extension}.yml")
    names = [name for name in declared if not name.startswith("_")]

    assert names[0] == extension
    assert all(name.startswith(f"{extension}_") for name in names[1:])
    assert set(declared) - set(names) <= {"_exclude", "_skip_if_exists"}


@pytest.mark.parametrize("name", ASKED)
def test_every_question_helps_and_has_a_default(name: str) -> None:
    question = ASKED[name]

    assert "?" in question["help"]
    assert "default" in question
    assert question["type"] in {"str", "bool"}
    assert question["type"] == "bool" or choices(question) or question["validator"]


def test_questions_about_parts_are_asked_on_demand() -> None:
    names = list(ASKED)
    on_demand = names[names.index("customize") + 1 :]

    assert [name for name in names if "ask" in ASKED[name]] == on_demand
    assert {ASKED[name]["ask"] for name in on_demand} == {"{{ customize }}"}


def test_exclusions_survive_an_update_from_a_version_without_the_question() -> None:
    for pattern in settings()["exclude"]:
        environment().from_string(pattern).render()


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_what_an_extension_leaves_out_are_paths_that_exist(extension: str) -> None:
    (declared,) = _documents(f"extensions/{extension}.yml")
    for pattern in declared.get("_exclude", []):
        shown = re.sub(r"{%.*?%}", "", pattern)

        assert shown.startswith("/"), "a path without its slash is left out at every depth"
        assert any(
            path == shown[1:] or path.startswith(f"{shown[1:]}/") for path in template_paths()
        ), shown


def test_no_file_name_holds_what_a_file_system_refuses() -> None:
    names = [path.name for path in (ROOT / "template").rglob("*")]

    assert [name for name in names if re.search(r'["|<>:?*\\]', name)] == []
