"""Each preset through pytest-copie, the tool a fork of the template is likely to test with."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.rendering import ROOT, clone_template, git, presets


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone_template(tmp_path_factory.mktemp("clone") / "template", version="99.0.0")


@pytest.mark.parametrize("preset", presets())
def test_a_preset_renders_and_can_be_committed(template: Path, copie: Any, preset: str) -> None:
    result = copie.copy(extra_answers={"preset": preset}, template_dir=template)

    assert result.exception is None
    answers = yaml.safe_load((result.project_dir / ".copier-answers.yml").read_text())
    assert answers["preset"] == preset
    assert answers["_commit"] == "v99.0.0"
    git(result.project_dir, "init", "--quiet")
    git(result.project_dir, "add", "--all")
    git(result.project_dir, "commit", "--quiet", "--message", "Scaffold")


def test_the_clone_is_what_the_work_tree_holds(template: Path) -> None:
    committed = (template / "copier.yml").read_bytes()

    assert committed == (ROOT / "copier.yml").read_bytes()
    assert git(template, "status", "--porcelain") == ""
