"""What a person is asked, and in which order."""

from pathlib import Path
from typing import Any

import copier
import pytest
from copier import _main as main

from tests.support.rendering import ROOT, asked, stored_answers, work_tree

IDENTITY = [
    "project_name",
    "project_slug",
    "project_description",
    "author_name",
    "author_email",
    "license",
]


@pytest.fixture
def interview(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Copies the template and accepts each default; returns the names of what was asked."""

    def copied(**answers: Any) -> list[str]:
        names: list[str] = []

        def accept(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
            (question,) = questions
            if question["when"](answers):
                names.append(question["name"])
            return answers

        monkeypatch.setattr(main, "unsafe_prompt", accept)
        copier.run_copy(
            str(work_tree()), tmp_path, data=answers, settings=copier.Settings(), quiet=True
        )
        return names

    return copied


def test_eight_questions_are_asked(interview: Any) -> None:
    assert interview() == [*IDENTITY, "preset", "customize"]


def test_every_part_is_asked_about_on_demand(interview: Any, tmp_path: Path) -> None:
    names = interview(customize=True)

    assert names == [name for name in asked(ROOT) if name != "customize"]
    assert stored_answers(tmp_path)["customize"] is True


def test_a_part_is_answered_beforehand(interview: Any, tmp_path: Path) -> None:
    names = interview(preset="minimal", api_keys=True)

    assert "api_keys" not in names
    assert stored_answers(tmp_path)["api_keys"] is True
