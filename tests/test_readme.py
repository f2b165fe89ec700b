"""The first hour, from both READMEs: clone, scaffold, start, sign in, test, commit, update."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.questions import choices
from tests.support.recipes import BRIEFLY, command, shell
from tests.support.rendering import (
    ROOT,
    asked,
    clone_template,
    git,
    presets,
    render,
    stored_answers,
)
from tests.support.serving import free_port, served

README = ROOT / "README.md"
PASSWORD = "correct horse & battery = staple"  # noqa: S105


@pytest.mark.suite
def test_the_first_hour_with_both_readmes(tmp_path: Path) -> None:
    template = clone_template(tmp_path / "template", version="99.0.0")
    shell(command(template / "README.md", "copier copy"), cwd=template)
    service = tmp_path / "my-service"
    assert stored_answers(service)["_commit"] == "v99.0.0"

    prepare(service)
    _serve_and_sign_in(service)
    shell(BRIEFLY + command(service / "README.md", "ruff check"), cwd=service)
    shell(BRIEFLY + command(service / "README.md", "-m fault"), cwd=service)
    shell(command(service / "README.md", "git init"), cwd=service)
    assert git(service, "status", "--porcelain") == ""
    assert "uv.lock" in git(service, "ls-files")

    _release(template, "99.1.0")
    shell(command(service / "README.md", "update --defaults"), cwd=service)
    assert stored_answers(service)["_commit"] == "v99.1.0"
    assert "# released later" in (service / ".editorconfig").read_text()
    assert "UU" not in git(service, "status", "--porcelain")


def test_both_readmes_give_the_same_two_commands() -> None:
    rendered = ROOT / "template" / "README.md.jinja"

    assert "uv run pytest\n" in command(rendered, "uv run mypy")
    assert command(README, "uv run pytest") == "uv run pytest\n"
    assert command(README, "update --defaults") == command(rendered, "update --defaults")


PARTS = list(asked())[list(asked()).index("customize") + 1 :]


def test_the_table_lists_the_questions_about_parts_in_order() -> None:
    assert list(_rows()) == PARTS


@pytest.mark.parametrize("question", PARTS)
def test_the_table_names_the_answers(question: str) -> None:
    described = _rows()[question][-1]

    assert [one for one in choices(asked()[question]) if f"`{one}`" not in described] == []


def test_the_table_shows_the_answers_of_each_preset(tmp_path: Path) -> None:
    for column, preset in enumerate(presets()):
        answers = stored_answers(render(tmp_path / preset, preset=preset))

        assert {name: row[column] for name, row in _rows().items()} == {
            name: _shown(name, answers[name]) for name in PARTS
        }


def _rows() -> dict[str, list[str]]:
    """The cells of each question: one for each preset, then its answers."""
    rows = [line.split("|") for line in README.read_text().splitlines() if line.startswith("| `")]
    cells = {row[1].strip(" `"): [cell.strip() for cell in row[2:-1]] for row in rows}
    return {name: row for name, row in cells.items() if name not in presets()}


def _shown(question: str, answer: str | bool | list[str]) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, str):
        return f"`{answer}`"
    if set(answer) == set(choices(asked()[question])):
        return "both" if len(answer) == 2 else "all"
    return ", ".join(f"`{one}`" for one in answer) or "none"


def _serve_and_sign_in(service: Path) -> None:
    readme = service / "README.md"
    port = free_port()
    serve = command(readme, "app serve").strip() + f" --port {port}"
    sign_in = command(readme, "init-admin") + command(readme, "TOKEN=").replace("8000", str(port))

    with served(serve, cwd=service, port=port) as url:
        printed = shell(sign_in, cwd=service, stdin=f"{PASSWORD}\n")
        assert httpx2.get(f"{url}/docs").status_code == httpx2.codes.OK

    me = json.loads(printed[printed.index("{") :])
    assert me["username"] == "admin"
    assert me["is_superuser"] is True


def _release(template: Path, version: str) -> None:
    """A later release of the cloned template that changes one file no owner has touched."""
    path = template / "template" / ".editorconfig"
    path.write_text(path.read_text() + "\n# released later\n")
    git(template, "commit", "--all", "--quiet", "--message", f"Release {version}")
    git(template, "tag", f"v{version}")
