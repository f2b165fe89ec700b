"""The scheduled workflow of a rendered project: its script, with a remote and a recording `gh`."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.history import transitions
from tests.support.process import CommandError, run
from tests.support.projects import Workshop, commit
from tests.support.rendering import git
from tests.support.synthetic import CHANGED_FILE

pytestmark = pytest.mark.update

SCRIPT = ".github/update.sh"
BRANCH = "template-update"
UVX = f'#!/bin/sh\nshift\nexec "{sys.executable}" -m copier "$@"\n'
GH = f"""#!{sys.executable}
import json
import os
import sys
from pathlib import Path

words = sys.argv[1:]
log = Path(os.environ["GH_LOG"])
body = Path(words[words.index("--body-file") + 1]).read_text() if "--body-file" in words else None
with log.open("a") as file:
    file.write(json.dumps([words, body]) + "\\n")
if words[:2] == ["pr", "list"] and log.with_name("open").exists():
    print(7)
"""


class Forge:
    """A remote repository, and what was asked of GitHub."""

    def __init__(self, directory: Path, project: Path) -> None:
        self.directory, self.project = directory, project
        self.remote = directory / "remote.git"
        git(directory, "init", "--quiet", "--bare", self.remote)
        git(project, "remote", "add", "origin", str(self.remote))
        for name, text in {"uvx": UVX, "gh": GH}.items():
            tool = directory / "bin" / name
            tool.parent.mkdir(exist_ok=True)
            tool.write_text(text)
            tool.chmod(0o755)

    def run(self) -> str:
        path = f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
        settings = {"PATH": path, "GH_LOG": str(self.directory / "gh.log")}
        return run("bash", SCRIPT, cwd=self.project, env=settings)

    def asked(self) -> list[tuple[list[str], str | None]]:
        log = self.directory / "gh.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [(words, body) for words, body in map(json.loads, lines) if words[0] == "pr"]

    def branches(self) -> list[str]:
        return git(self.remote, "branch", "--format=%(refname:short)").split()


@pytest.fixture
def forge(workshop: Workshop, tmp_path: Path) -> Forge:
    project = workshop.scaffold(tmp_path / "service", transitions()[-1], ci="github")
    return Forge(tmp_path, project)


def test_a_new_release_becomes_a_pull_request_with_the_notes_that_apply(forge: Forge) -> None:
    forge.run()

    listed, (created, body) = forge.asked()
    assert listed[0][:2] == ["pr", "list"]
    assert created[:2] == ["pr", "create"]
    assert f"v{transitions()[-1].new}" in " ".join(created)
    assert body is not None
    assert "Read the synthetic page." in body
    assert "Feed the synthetic feature." not in body
    assert f"## {transitions()[-1].new}" in body
    assert f"## {transitions()[-1].old}" not in body
    assert forge.branches() == [BRANCH]
    changed = git(forge.remote, "diff", "--name-only", f"{BRANCH}~1", BRANCH).split()
    assert {CHANGED_FILE, ".copier-answers.yml", "uv.lock"} <= set(changed)


def test_an_open_pull_request_is_brought_up_to_date(forge: Forge) -> None:
    (forge.directory / "open").touch()

    forge.run()

    assert [words[1] for words, _ in forge.asked()] == ["list", "edit"]


def test_nothing_happens_on_the_newest_release(forge: Forge) -> None:
    forge.run()
    asked = forge.asked()

    output = forge.run()

    assert "follows the newest release" in output
    assert forge.asked() == asked


def test_a_conflict_is_named_and_nothing_is_pushed(forge: Forge) -> None:
    path = forge.project / CHANGED_FILE
    _, rest = path.read_text().split("\n", 1)
    path.write_text(f'"""Ours."""\n{rest}')
    commit(forge.project, "Say it our way")

    with pytest.raises(CommandError, match=f"::error file={CHANGED_FILE}::the update to v"):
        forge.run()

    assert forge.asked() == []
    assert forge.branches() == []


def test_a_template_out_of_reach_fails(forge: Forge) -> None:
    answers = forge.project / ".copier-answers.yml"
    lines = answers.read_text().splitlines()
    moved = ["_src_path: /nowhere" if line.startswith("_src_path") else line for line in lines]
    answers.write_text("\n".join(moved) + "\n")
    commit(forge.project, "Move the template")

    with pytest.raises(CommandError):
        forge.run()

    assert forge.branches() == []
