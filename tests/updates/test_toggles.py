"""An update that switches a part on or off gives what a fresh render of those answers gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import owner
from tests.support.history import transitions
from tests.support.projects import Workshop
from tests.support.projects import answered
from tests.support.projects import commit
from tests.support.projects import files
from tests.support.projects import trouble
from tests.support.projects import update
from tests.support.toggles import Toggle
from tests.support.toggles import one_of_each_question

pytestmark = pytest.mark.update
# From the newest release where there is one: a part it does not know yet is switched on too.
TRANSITION = transitions()[-2:][0]


@pytest.mark.parametrize("toggle", one_of_each_question(), ids=str)
def test_a_part_is_switched_on_and_off_around_the_owners_work(
    workshop: Workshop, toggle: Toggle, tmp_path: Path, proved: Callable[[float], None]
) -> None:
    project = workshop.scaffold(tmp_path / "service", TRANSITION, **toggle.off)
    done = owner.work(project)
    template = workshop.history.template(TRANSITION)

    for answers in (toggle.on, toggle.off):
        wanted = {toggle.question: answers[toggle.question]}
        seconds = update(project, "documented", TRANSITION, **wanted)

        fresh = files(workshop.fresh(template, TRANSITION.new, answered(project)))
        assert answered(project).items() >= answers.items()
        assert trouble(project) == []
        assert done.lost(project) == []
        assert done.undone(files(project), fresh) == fresh
        commit(project, f"Switch {toggle}")
        proved(seconds)


def test_a_part_of_the_new_release_stays_off_until_it_is_asked_for(
    workshop: Workshop, tmp_path: Path
) -> None:
    to_synthetic = transitions()[-1]
    page = "docs/how-to/use-the-synthetic-feature.md"
    project = workshop.scaffold(tmp_path / "service", to_synthetic, preset="enterprise")

    update(project, "renovate", to_synthetic)
    assert answered(project)["synthetic_feature"] is False
    assert not (project / page).exists()

    commit(project, "Update")
    update(project, "documented", to_synthetic, synthetic_feature=True)
    assert (project / page).is_file()
