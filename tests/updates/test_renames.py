"""The recipe of docs/maintaining/releasing.md for a file that is renamed or removed."""

from pathlib import Path

import copier
import pytest

from tests.support.differences import difference, snapshot, unguarded
from tests.support.history import History, Transition, following
from tests.support.ledger import Facts
from tests.support.process import CommandError
from tests.support.projects import commit, files, trouble, update
from tests.support.rendering import ROOT, git, render

pytestmark = pytest.mark.update

RENAMED = ("docs/how-to/update.md", "docs/how-to/follow-releases.md")
REMOVED = ".editorconfig"
RECIPE = 'test ! -e {old} || test "$(git hash-object {old})" = {blob} || git mv {old} {new}'
STEP = """
---
_migrations:
  - version: "{version}"
    when: "{{{{ _stage == 'before' }}}}"
    command: >-
      {renamed}
  - version: "{version}"
    when: "{{{{ _stage == 'before' }}}}"
    command: >-
      {removed}
"""


@pytest.fixture
def template(history: History, tmp_path: Path) -> Path:
    """The next release renames one page, changes it, and removes a file, by the recipe."""
    clone, present = tmp_path / "template", history.present
    git(tmp_path, "clone", "--quiet", history.clone, clone)
    steps = {
        "renamed": step(clone, present, *RENAMED),
        "removed": step(clone, present, REMOVED, f"{REMOVED}.kept"),
    }
    with (clone / "copier.yml").open("a") as declaration:
        declaration.write(STEP.format(version=following(present), **steps))
    git(clone, "mv", *(f"template/{path}" for path in RENAMED))
    git(clone, "rm", "--quiet", f"template/{REMOVED}")
    page = clone / "template" / RENAMED[1]
    page.write_text(page.read_text().replace("# Update from", "# Follow"))
    commit(clone, "Rename and remove")
    git(clone, "tag", f"v{following(present)}")
    return clone


@pytest.fixture
def project(template: Path, history: History, tmp_path: Path) -> Path:
    path = render(tmp_path / "service", template=template, vcs_ref=f"v{history.present}")
    git(path, "init", "--quiet")
    commit(path, "Scaffold")
    return path


def step(clone: Path, version: str, old: str, new: str) -> str:
    blob = git(clone, "rev-parse", f"v{version}:template/{old}").strip()
    return RECIPE.format(old=old, new=new, blob=blob)


def update_with_trust(project: Path) -> None:
    copier.run_update(
        project,
        settings=copier.Settings(),
        defaults=True,
        skip_answered=True,
        overwrite=True,
        unsafe=True,
        quiet=True,
    )


def test_the_recipe_is_the_one_that_is_documented() -> None:
    page = (ROOT / "docs" / "maintaining" / "releasing.md").read_text()
    documented = {"old": "docs/old.md", "new": "docs/new.md", "blob": "<blob>"}

    assert RECIPE.format(**documented) in page


def test_the_difference_names_the_rename_the_removal_and_the_trust(
    template: Path, history: History
) -> None:
    old = snapshot(template, history.present)
    new = snapshot(template, following(history.present))

    assert unguarded(old, new) == []
    assert difference(old, new) == Facts(renamed=(RENAMED,), removed=(REMOVED,), trust=True)


def test_an_untouched_project_becomes_a_fresh_render(
    project: Path, template: Path, tmp_path: Path
) -> None:
    update_with_trust(project)

    assert trouble(project) == []
    assert files(project) == files(render(tmp_path / "fresh", template=template))


def test_an_edited_file_is_kept_where_the_step_moved_it(project: Path) -> None:
    for path in (RENAMED[0], REMOVED):
        with (project / path).open("a") as edited:
            edited.write("# ours\n")
    commit(project, "Edit what is about to go")

    update_with_trust(project)

    assert not (project / RENAMED[0]).exists()
    assert (project / RENAMED[1]).read_text().count("# ours\n") == 1
    assert (project / f"{REMOVED}.kept").read_text().endswith("# ours\n")


def test_without_trust_the_update_stops_before_it_changes_anything(
    project: Path, history: History
) -> None:
    transition = Transition(history.present, following(history.present))

    with pytest.raises(CommandError, match="unsafe feature"):
        update(project, "renovate", transition, as_it_is=True)

    assert git(project, "status", "--porcelain") == ""
