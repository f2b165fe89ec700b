"""Every variant of the triple-wise array is a valid project before anything is installed."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import covering, imports, own_imports
from tests.support.process import run
from tests.support.rendering import render, settings, stored_answers, work_tree
from tests.support.trees import files, jinja_paths, owned_paths, template_paths, without_answers

ROWS = covering.rows("triples")


@pytest.fixture(scope="module", params=ROWS, ids=covering.label)
def answers(request: pytest.FixtureRequest) -> dict[str, Any]:
    row: dict[str, Any] = request.param
    return row


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, answers: dict[str, Any]) -> Path:
    return render(tmp_path_factory.mktemp("render") / "service", **answers)


def test_python_parses_and_is_clean_and_formatted(
    project: Path, count: Callable[..., None]
) -> None:
    run("ruff", "check", "--no-cache", cwd=project)
    run("ruff", "format", "--check", "--no-cache", cwd=project)
    count("variants rendered")


def test_toml_and_yaml_parse(project: Path) -> None:
    for path in project.rglob("*.toml"):
        tomllib.loads(path.read_text())
    for path in [*project.rglob("*.yml"), *project.rglob("*.yaml")]:
        list(yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader))


def test_no_jinja_is_left_in_what_was_rendered(project: Path) -> None:
    texts = files(project)

    for name in jinja_paths() & set(texts):
        assert not any(mark in texts[name] for mark in (b"{%", b"{{", b"{#")), name


def test_a_plain_file_is_copied_byte_for_byte(project: Path) -> None:
    contents = without_answers(project)

    for name in set(contents) - jinja_paths():
        assert contents[name] == (work_tree() / "template" / name).read_bytes(), name


def test_text_is_what_an_editor_would_have_left(project: Path) -> None:
    texts = {n: c for n, c in without_answers(project).items() if not n.endswith(".gz")}
    for name, text in texts.items():
        assert text == b"" or text.endswith(b"\n"), name
        assert not text.endswith(b"\n\n"), name
        assert b"\n\n\n\n" not in text, name
        assert b"\r" not in text, name


def test_it_has_its_own_files_and_no_others(project: Path) -> None:
    excluded = tuple(owned_paths(stored_answers(project)))
    expected = {
        name
        for name in template_paths()
        if not any(name == path or name.startswith(f"{path}/") for path in excluded)
    }

    assert set(without_answers(project)) == expected


def test_seeded_files_are_there(project: Path) -> None:
    assert set(settings()["skip_if_exists"]) <= set(files(project))


def test_declared_packages_are_the_imported_ones(project: Path) -> None:
    assert imports.undeclared(project) == {}
    assert imports.unused(project) == set()


def test_its_modules_import_modules_that_it_has(project: Path) -> None:
    assert own_imports.unresolved(project) == set()


@pytest.mark.parametrize("row", covering.rows("pairs"), ids=covering.label)
def test_the_same_answers_give_the_same_bytes(tmp_path: Path, row: dict[str, Any]) -> None:
    once = render(tmp_path / "service", **row)
    again = render(tmp_path / "elsewhere" / "another-name", **row)

    assert without_answers(again) == without_answers(once)
