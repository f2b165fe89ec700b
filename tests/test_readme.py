"""The first hour, from both READMEs: clone, scaffold, start, sign in, test, commit, update."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.questions import choices
from tests.support.recipes import BRIEFLY, command, shell
from tests.support.rendering import ROOT, asked, clone_template, git, render, stored_answers
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


def test_the_table_lists_the_questions_in_order() -> None:
    rows = [line.split("|") for line in README.read_text().splitlines() if line.startswith("| `")]

    assert [row[1].strip(" `") for row in rows] == list(asked())
    for row in rows:
        question = asked()[row[1].strip(" `")]
        if choices(question):
            assert [f"`{value}`" in row[3] for value in choices(question)].count(False) == 0
        elif isinstance(question["default"], bool):
            assert f"`{'yes' if question['default'] else 'no'}`" in row[2]
        elif "{" not in question["default"]:
            assert f"`{question['default']}`" in row[2]


def test_the_table_names_the_defaults(tmp_path: Path) -> None:
    rendered = stored_answers(render(tmp_path / "service"))
    rows = [line.split("|") for line in README.read_text().splitlines() if line.startswith("| `")]

    for row in rows:
        name = row[1].strip(" `")
        answer = rendered[name] if isinstance(rendered[name], list) else [rendered[name]]
        shown = [{True: "yes", False: "no"}.get(one, one) for one in answer]
        assert all(f"`{one}`" in row[2] for one in shown) or name == "project_slug"


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
