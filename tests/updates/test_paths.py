"""From every released version, for every profile: what an update must and must not do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import owner
from tests.support.differences import snapshot
from tests.support.history import Transition, transitions
from tests.support.projects import (
    COMMANDS,
    PROFILES,
    Workshop,
    answered,
    commit,
    files,
    switched_on,
    trouble,
    update,
)
from tests.support.rendering import git
from tests.support.synthetic import heads

BEFORE_A_RELEASE = ("enterprise", "mixed-one")
"""The scripted release is proved for two: the real ones are for all."""
*RELEASED, SCRIPTED = transitions()

pytestmark = [
    pytest.mark.update,
    pytest.mark.parametrize(
        ("transition", "profile"),
        [
            *((released, profile) for released in RELEASED for profile in PROFILES),
            *((SCRIPTED, profile) for profile in (BEFORE_A_RELEASE if RELEASED else PROFILES)),
        ],
        ids=str,
    ),
]


def test_an_untouched_project_becomes_a_fresh_render(
    workshop: Workshop,
    transition: Transition,
    profile: str,
    tmp_path: Path,
    proved: Callable[[float], None],
) -> None:
    project = workshop.scaffold(tmp_path / "service", transition, **PROFILES[profile])
    answers, paths = answered(project), files(project).keys()

    seconds = update(project, "renovate", transition)

    template = workshop.history.template(transition)
    asked = snapshot(template, transition.new).questions
    assert files(project) == files(workshop.fresh(template, transition.new, answered(project)))
    assert trouble(project) == []
    assert answered(project).items() >= answers.items()
    assert switched_on(answered(project), answers, asked) == []
    assert paths - files(project).keys() <= transition.declared_gone
    proved(seconds)


def test_a_year_of_work_survives(
    workshop: Workshop,
    transition: Transition,
    profile: str,
    tmp_path: Path,
    proved: Callable[[float], None],
) -> None:
    worked_on = workshop.scaffold(tmp_path / "service", transition, **PROFILES[profile])
    done = owner.work(worked_on)
    before = answered(worked_on)
    template = workshop.history.template(transition)

    for command in COMMANDS:
        project = shutil.copytree(worked_on, tmp_path / command)
        seconds = update(project, command, transition)

        fresh = files(workshop.fresh(template, transition.new, answered(project)))
        assert trouble(project) == []
        assert done.lost(project) == []
        assert done.undone(files(project), fresh) == fresh
        assert answered(project).items() >= before.items()
        assert branches_with_several_heads(project) == []
        proved(seconds)

    # Which release the project came from no longer matters here; the latest will do.
    if transition in transitions()[-2:]:
        commit(project, f"Update to {transition.new}")
        update(project, "renovate", transition)
        assert git(project, "status", "--porcelain") == ""


def branches_with_several_heads(project: Path) -> list[str]:
    folders = [path.parent for path in (project / "migrations").rglob("*.py")]
    return [
        str(folder.relative_to(project))
        for folder in sorted(set(folders) - {project / "migrations"})
        if len(heads(folder)) > 1
    ]
