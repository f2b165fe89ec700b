"""The files that a developer's tools read: each is tried with the tool that reads it."""

import json
from pathlib import Path

import pytest
import yaml

from tests.support.environment import prepare
from tests.support.process import run
from tests.support.rendering import git, render


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed, installed project."""
    project = render(tmp_path_factory.mktemp("development") / "service", preset="minimal")
    prepare(project)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Scaffold")
    return project


def test_every_recipe_says_what_it_is_for(project: Path) -> None:
    listed = run("just", "--list", "--unsorted", cwd=project).splitlines()[1:]

    assert len(listed) >= 10
    assert all("#" in recipe for recipe in listed)


def test_a_recipe_of_the_owners_stands_beside_the_templates(project: Path) -> None:
    (project / "own.just").write_text("# Say it.\nhello:\n    @echo hello from the owner\n")

    printed = run("just", "hello", cwd=project)
    (project / "own.just").unlink()

    assert "hello from the owner" in printed


@pytest.mark.suite
def test_the_hooks_pass_and_leave_a_fresh_render_as_it_is(project: Path) -> None:
    printed = run("prek", "run", "--all-files", cwd=project)

    assert printed.count("Passed") == 4
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.suite
def test_the_recipe_that_checks_passes(project: Path) -> None:
    run("just", "check", cwd=project)
    run("just", "migrate", cwd=project)


def test_the_editor_starts_what_is_there(project: Path) -> None:
    settings = json.loads((project / ".vscode" / "settings.json").read_text())
    launch = json.loads((project / ".vscode" / "launch.json").read_text())
    container = json.loads((project / ".devcontainer" / "devcontainer.json").read_text())

    assert (project / ".venv" / "bin" / "python").exists()
    assert settings["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
    assert {one["module"] for one in launch["configurations"]} == {"app", "pytest"}
    assert container["image"].startswith("python:3.12")


def test_the_owner_of_the_code_is_the_one_who_was_named(tmp_path: Path) -> None:
    project = render(tmp_path / "service", ci="github", author_email="billing@example.com")

    owners = (project / ".github" / "CODEOWNERS").read_text()
    assert "* billing@example.com\n" in owners


def test_every_form_asks_for_something(tmp_path: Path) -> None:
    project = render(tmp_path / "service", ci="github")

    for name in ("bug", "change"):
        form = project / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml"
        asked = yaml.safe_load(form.read_text())
        assert asked["name"]
        assert any(field["type"] == "textarea" for field in asked["body"])
