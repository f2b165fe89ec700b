"""What `tests/rendered/` adds to a project, and what it leaves out."""

from pathlib import Path

import pytest

from tests.support.overlay import NEEDS, RENDERED, lay_over
from tests.support.rendering import ROOT, render
from tests.support.trees import files, inside, template_paths


def test_every_condition_names_a_test_and_a_path_of_the_template() -> None:
    paths = template_paths()

    assert [one for one in NEEDS if not (RENDERED / one).exists()] == []
    assert [one for one in NEEDS.values() if not any(inside(path, one) for path in paths)] == []


def test_no_test_takes_the_place_of_a_rendered_one() -> None:
    ours = {f"tests/{path.relative_to(RENDERED).as_posix()}" for path in RENDERED.rglob("*.py")}

    assert ours & template_paths() == set()


@pytest.mark.parametrize("preset", ["minimal", "enterprise"])
def test_a_project_gets_the_tests_of_its_parts(tmp_path: Path, preset: str) -> None:
    project = render(tmp_path / "service", preset=preset)
    before = set(files(project))

    lay_over(project)

    added = {path.removeprefix("tests/") for path in set(files(project)) - before}
    assert "tooling/test_new.py" in added
    assert ("tooling/test_new_job.py" in added) == (preset == "enterprise")
    assert ("features/federation/test_browser.py" in added) == (preset == "enterprise")
    assert "loadtests/k6/test_scenarios.py" not in added


def test_the_page_on_tests_names_the_folder() -> None:
    assert "`tests/rendered`" in (ROOT / "docs" / "maintaining" / "tests.md").read_text()
