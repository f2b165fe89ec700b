"""The tutorial, command by command, from a clone to a service that was updated."""

from pathlib import Path

import pytest

from tests.support.recipes import commands, shell
from tests.support.rendering import clone_template, git, stored_answers


@pytest.mark.suite
def test_the_tutorial_leads_to_what_it_says(tmp_path: Path) -> None:
    template = clone_template(tmp_path / "template", version="99.0.0")
    scaffold, *following = commands(template / "docs" / "tutorial.md")
    service = tmp_path / "library"

    shell(scaffold, cwd=template)
    for block in following:
        shell(block, cwd=service)

    assert stored_answers(service)["rate_limiting"] is True
    assert git(service, "status", "--porcelain") == ""
    assert git(service, "log", "--format=%s").splitlines() == [
        "Limit requests",
        "Allow pages of 250",
        "Add books",
        "Scaffold",
    ]
    assert {"app/domains/books/models.py", "app/features/rate_limit/rules.py", "uv.lock"} <= set(
        git(service, "ls-files").splitlines()
    )
