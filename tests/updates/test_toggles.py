"""An update that switches a part on or off gives what a fresh render of those answers gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import owner
from tests.support.history import transitions
from tests.support.projects import Workshop, answered, commit, files, trouble, update
from tests.support.synthetic import QUESTION, TOGGLED_PAGE
from tests.support.toggles import Toggle, one_of_each_question

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


def test_a_part_that_a_preset_switches_on_stays_off_in_an_older_project_until_it_is_asked_for(
    workshop: Workshop, tmp_path: Path
) -> None:
    """docs/decisions/0004-presets-grow.md"""
    to_synthetic, preset = transitions()[-1], {"preset": "enterprise"}
    project = workshop.scaffold(tmp_path / "service", to_synthetic, **preset)
    generation = answered(project)["preset_generation"]
    fresh = workshop.fresh(workshop.history.template(to_synthetic), to_synthetic.new, preset)

    update(project, "renovate", to_synthetic)
    assert answered(fresh)["preset_generation"] == generation + 1
    assert answered(fresh)[QUESTION] is True
    assert (fresh / TOGGLED_PAGE).is_file()
    assert answered(project)["preset_generation"] == generation
    assert answered(project)[QUESTION] is False
    assert not (project / TOGGLED_PAGE).exists()

    commit(project, "Update")
    update(project, "documented", to_synthetic, **{QUESTION: True})
    assert (project / TOGGLED_PAGE).is_file()
