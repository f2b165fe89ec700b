"""A project that grew by `app new domain` passes its own suite, and takes an update after that.

It is a project for PostgreSQL, and the suite runs on SQLite: what a pipeline of its own does too.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environment import prepare, type_check
from tests.support.history import transitions
from tests.support.process import run
from tests.support.projects import Workshop, commit, files, trouble, update
from tests.support.recipes import commands, shell
from tests.support.rendering import git

pytestmark = [pytest.mark.update, pytest.mark.suite]

PAGE = Path("docs/how-to/add-a-domain.md")
ON_POSTGRES = {"preset": "minimal", "database": "postgres"}
"""Its suite runs on the other engine here, and on its own one with the rows of tests/suites."""
OWN = ("app/domains/", "tests/domains/", "migrations/versions/", "app/installed.py")


def test_three_domains_live_through_an_update(
    workshop: Workshop,
    tmp_path: Path,
    proved: Callable[[float], None],
    count: Callable[..., None],
) -> None:
    to_synthetic = transitions()[-1]
    project = workshop.scaffold(tmp_path / "service", to_synthetic, **ON_POSTGRES)
    prepare(project)
    commit(project, "Lock")
    grow, try_out = commands(project / PAGE)

    shell(grow, cwd=project)
    changed = git(project, "status", "--porcelain", "--untracked-files=all").splitlines()
    shell(try_out, cwd=project)
    passed = check(project)
    commit(project, "Add three domains")
    grown = owned(project)
    seconds = update(project, "documented", to_synthetic)

    assert grow.count("app new domain") == 3
    assert {line[3:] for line in changed} == {
        line[3:] for line in changed if line[3:].startswith(OWN)
    }
    assert trouble(project) == []
    assert owned(project) == grown
    count("rendered tests of a project with three domains", passed)
    proved(seconds)


def check(project: Path) -> int:
    """How many tests passed."""
    for command in (("ruff", "check"), ("ruff", "format", "--check")):
        run("uv", "run", "--no-sync", *command, cwd=project)
    type_check(project)
    pytest = ("uv", "run", "--no-sync", "pytest", "-q", "--no-cov")
    output = run(*pytest, cwd=project, env={"TEST_DATABASE_URL": "sqlite"})
    verdict = re.search(r"(\d+) passed", output)
    assert verdict, output
    return int(verdict[1])


def owned(project: Path) -> dict[str, bytes]:
    return {
        path: content
        for path, content in files(project).items()
        if path.startswith(OWN) and "__pycache__" not in path
    }
