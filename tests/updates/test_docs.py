"""The pages about updates: every command runs, and the transcript is a real one."""

from pathlib import Path

import pytest

from tests.support import transcript
from tests.support.environment import prepare
from tests.support.history import transitions
from tests.support.projects import Workshop, answered, commit
from tests.support.recipes import BRIEFLY, commands, shell
from tests.support.rendering import ROOT, git
from tests.support.transcript import INSTALLED, PAGE

pytestmark = pytest.mark.update

RENDERED_PAGE = Path("docs/how-to/update.md")


@pytest.mark.suite
def test_the_rendered_page_leads_through_an_update(workshop: Workshop, tmp_path: Path) -> None:
    to_synthetic = transitions()[-1]
    project = workshop.scaffold(tmp_path / "service", to_synthetic, preset="minimal")
    prepare(project)
    commit(project, "Lock")
    before, *following, switch = commands(project / RENDERED_PAGE)

    assert "fail" not in shell(before, cwd=project)
    for block in (*following, switch):
        shell(INSTALLED + BRIEFLY + block, cwd=project)

    assert "Update from the template" in git(project, "log", "-1", "--format=%s")
    assert answered(project)["synthetic_feature"] is False
    assert (project / ".github" / "workflows" / "ci.yml").is_file()


def test_the_page_here_gives_the_commands_of_the_rendered_page() -> None:
    rendered = "".join(commands(ROOT / "template" / RENDERED_PAGE)).splitlines()

    assert set("".join(commands(PAGE)).splitlines()) <= set(rendered)


def test_the_transcript_is_what_happens() -> None:
    found = transcript.PLACE.search(PAGE.read_text())

    assert found
    assert found[0] == transcript.transcript(), "uv run python -m tests.support.transcript"
