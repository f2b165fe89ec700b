"""After an update the project is not only merged: it installs, migrates, and passes its tests.

The structural checks of test_paths.py run from every release; these run from the first one and the
latest, because each builds an environment, and a share of the suite after the longest way only.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import owner
from tests.support.environment import prepare
from tests.support.history import Transition, transitions
from tests.support.overlay import lay_over
from tests.support.process import run
from tests.support.projects import PROFILES, Workshop, commit, trouble, update
from tests.support.suites import share

pytestmark = [pytest.mark.update, pytest.mark.suite]


def chosen() -> list[Transition]:
    """From the first release and the latest; before there are any, to the scripted one."""
    *released, synthetic = transitions()
    return list(dict.fromkeys([*released[:1], *released[-1:]])) or [synthetic]


@pytest.mark.parametrize("transition", chosen(), ids=str)
def test_a_project_works_after_an_update(
    workshop: Workshop, transition: Transition, tmp_path: Path, proved: Callable[[float], None]
) -> None:
    project = workshop.scaffold(tmp_path / "service", transition, **PROFILES["enterprise"])
    prepare(project)
    done = owner.work(project, revise=with_the_command)

    seconds = update(project, "documented", transition)
    assert trouble(project) == []
    assert done.lost(project) == []

    shutil.rmtree(project / ".venv")
    prepare(project)
    app(project, "db", "upgrade")
    app(project, "db", "check")
    commit(project, f"Update to {transition.new}")
    assert "fail" not in app(project, "doctor")
    run("uv", "run", "--no-sync", "mypy", cwd=project)
    if transition == chosen()[0]:
        lay_over(project)
        tests = [*share(project, 0), *share(project, 6), "tests/domains"]
        run("uv", "run", "--no-sync", "pytest", "-q", "--no-cov", *tests, cwd=project)
    proved(seconds)


def with_the_command(project: Path) -> None:
    app(project, "db", "upgrade")
    app(project, "db", "revision", "--message", "parcels")
    app(project, "db", "upgrade")


def app(project: Path, *arguments: str) -> str:
    return run("uv", "run", "--no-sync", "app", *arguments, cwd=project)
