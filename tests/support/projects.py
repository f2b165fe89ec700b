"""Projects as their owners have them: rendered from a tagged version, committed, then updated."""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import quick
from tests.support.differences import snapshot
from tests.support.history import History, Transition, once
from tests.support.process import run
from tests.support.questions import choices
from tests.support.rendering import git, render, stored_answers

ANSWERS = ".copier-answers.yml"
SEEDED = (
    "app/installed.py",
    "README.md",
    "CHANGELOG.md",
    "docs/index.md",
    "docs/backlog.md",
    "docs/actions.md",
)
NOT_COMPARED = {ANSWERS, *SEEDED, "uv.lock"}

# Every question may appear here; a version that does not ask one yet is not told its answer.
PROFILES: dict[str, dict[str, Any]] = {
    "minimal": {"preset": "minimal"},
    "standard": {"preset": "standard"},
    "enterprise": {"preset": "enterprise"},
    "mixed-one": {
        "preset": "minimal",
        "project_name": "Parcel Desk",
        "author_name": "Zoë Müller",
        "license": "Apache-2.0",
        "database": "postgres",
        "ci": "github",
    },
    "mixed-two": {
        "preset": "enterprise",
        "project_slug": "billing-api",
        "project_description": 'Sends "invoices", quoted.',
        "license": "MIT",
        "ci": "none",
    },
}

type Questions = Mapping[str, Mapping[str, Any]]

RENOVATE = ("--skip-answered", "--defaults", "--vcs-ref")
DOCUMENTED = ("--defaults", "--skip-answered", "-c", "1000")
COMMANDS = {"renovate": RENOVATE, "documented": DOCUMENTED}


@dataclass(frozen=True)
class Workshop:
    """Renders each version of each profile once for all tests; a test works on a copy."""

    history: History
    shelf: Path

    def scaffold(self, destination: Path, transition: Transition, **answers: Any) -> Path:
        """A committed project of the old version; its template ends with the new one."""
        template = self.history.template(transition)
        shutil.copytree(self.fresh(template, transition.old, answers), destination, symlinks=True)
        git(destination, "init", "--quiet", "--initial-branch=main")
        commit(destination, "Scaffold")
        return destination

    def fresh(self, template: Path, version: str, answers: dict[str, Any]) -> Path:
        """Not to be changed: the render of these answers, those unknown to the version left out."""
        known = snapshot(template, version).questions
        wanted = {name: value for name, value in answers.items() if name in known}
        key = hashlib.sha256(json.dumps([template.name, version, wanted]).encode()).hexdigest()[:12]

        def make(directory: Path) -> None:
            render(directory, template=template, vcs_ref=f"v{version}", **wanted)

        return once(self.shelf / key, make)


def update(
    project: Path, command: str, transition: Transition, *, as_it_is: bool = False, **answers: Any
) -> float:
    """Runs `copier update`, as it is in a process of its own; returns the seconds it took."""
    arguments = list(COMMANDS[command])
    if command == "renovate":
        arguments.append(f"v{transition.new}")
    if transition.needs_trust:
        arguments.append("--trust")
    for name, value in answers.items():
        text = value if isinstance(value, str) else json.dumps(value)
        arguments += ["--data", f"{name}={text}"]
    started = time.monotonic()
    if as_it_is:
        run(sys.executable, "-m", "copier", "update", *arguments, cwd=project)
    else:
        quick.copier("update", *arguments, project)
    return time.monotonic() - started


def commit(project: Path, message: str) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)


def files(project: Path) -> dict[str, bytes]:
    """What a render and an update must agree on: everything but seeded files and answers."""
    return {
        name: path.read_bytes()
        for path in project.rglob("*")
        if path.is_file()
        and (name := str(path.relative_to(project))) not in NOT_COMPARED
        and path.relative_to(project).parts[0] not in {".git", ".venv"}
    }


def answered(project: Path) -> dict[str, Any]:
    """The stored answers without Copier's own entries."""
    answers = stored_answers(project)
    return {name: value for name, value in answers.items() if not name.startswith("_")}


def trouble(project: Path) -> list[str]:
    """Unmerged paths, rejected hunks and conflict markers."""
    unmerged = git(project, "ls-files", "--unmerged").splitlines()
    rejected = [str(path) for path in project.rglob("*.rej")]
    marked = [
        name for name, content in files(project).items() if b"\n<<<<<<< before" in b"\n" + content
    ]
    return [*unmerged, *rejected, *marked]


def switched_on(
    answers: Mapping[str, Any], before: Mapping[str, Any], asked: Questions
) -> list[str]:
    """New questions that an unattended update answered with more than their off."""
    return [
        name
        for name, answer in answers.items()
        if name not in before and answer not in ([], False, *list(choices(asked[name]))[:1])
    ]
