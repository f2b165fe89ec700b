"""releases.toml tells the truth about every release, and history is never rewritten across one."""

import itertools
import sys
from pathlib import Path

import pytest

from tests.support.changelog import DUTY, entries, require_entry
from tests.support.differences import (
    Snapshot,
    difference,
    lost_choices,
    lost_questions,
    snapshot,
    unguarded,
)
from tests.support.history import History, Transition, declared, following, transitions
from tests.support.ledger import (
    Facts,
    Ledger,
    LedgerError,
    Release,
    next_version,
    require_ascending,
    require_history,
)
from tests.support.process import run
from tests.support.rendering import ROOT, git

pytestmark = pytest.mark.update
RELEASE = (sys.executable, "-m", "scripts.release")
BEFORE = "{{ _stage == 'before' }}"
DECLARE = "releases.toml is wrong about {0}; `uv run python -m scripts.release declare` writes it"


def steps_of_history() -> list[tuple[str, str, Facts]]:
    """Each pair of consecutive versions, with what the later one declares."""
    pairs = itertools.pairwise(declared().items())
    return [(old, new, facts) for (old, _), (new, facts) in pairs]


def test_every_released_commit_is_an_ancestor_of_head() -> None:
    require_history(ROOT, Ledger.read())


def test_versions_rise_and_pyproject_announces_the_next() -> None:
    require_ascending(Ledger.read(), next_version())


def test_every_release_has_a_changelog_entry_that_says_what_to_do() -> None:
    for release in Ledger.read().releases:
        require_entry(release.version, release.facts)


def test_declared_facts_are_the_real_difference(history: History) -> None:
    for old, new, facts in steps_of_history():
        before, after = snapshot(history.future, old), snapshot(history.future, new)
        real = difference(before, after, facts.manual)

        assert facts == real, DECLARE.format(new)


def test_no_path_disappears_without_a_step_that_moves_the_edits(history: History) -> None:
    for old, new, _ in steps_of_history():
        assert unguarded(snapshot(history.future, old), snapshot(history.future, new)) == []


def test_no_question_and_no_choice_is_ever_taken_away(history: History) -> None:
    for old, new, _ in steps_of_history():
        before, after = snapshot(history.future, old), snapshot(history.future, new)

        assert lost_questions(before, after) == []
        assert lost_choices(before, after) == []


def test_a_release_with_new_revisions_names_the_upgrade(history: History) -> None:
    for old, new, facts in steps_of_history():
        added = snapshot(history.future, new).paths - snapshot(history.future, old).paths
        revisions = [path for path in added if path.startswith("migrations/")]

        assert not revisions or "app db upgrade" in " ".join(facts.manual), (new, revisions)


def test_a_commit_that_is_no_ancestor_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "one")
    stray = Ledger((Release("1.0.0", "0" * 40, Facts()),), Facts())

    with pytest.raises(LedgerError, match=r"release 1\.0\.0 names commit 0{40}"):
        require_history(tmp_path, stray)


def test_a_shallow_clone_is_told_how_to_become_whole(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "origin")
    for name in ("one", "two"):
        git(tmp_path / "origin", "commit", "--quiet", "--allow-empty", "--message", name)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path}/origin", "shallow")

    with pytest.raises(LedgerError, match="git fetch --unshallow"):
        require_history(tmp_path / "shallow", Ledger((), Facts()))


def test_a_version_that_does_not_rise_is_refused() -> None:
    released = Ledger((Release("1.1.0", "0" * 40, Facts()),), Facts())

    with pytest.raises(LedgerError, match="versions must rise"):
        require_ascending(released, "1.1.0")


def test_a_changelog_that_hides_a_manual_step_is_refused(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("## 1.1.0\n\nWhat a rendered project must do: run `uv sync`.\n")

    require_entry("1.1.0", Facts(manual=("run `uv sync`",)), changelog)
    with pytest.raises(LedgerError, match="app db upgrade"):
        require_entry("1.1.0", Facts(manual=("run `app db upgrade`",)), changelog)


def test_a_changelog_entry_ends_at_the_next_heading(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("## 1.1.0 - 2031-02-03\n\nNew.\n\n## 1.0.0\n\nFirst.\n\n## 0.x\n\nOld.\n")

    assert entries(changelog) == {"1.1.0": "\n\nNew.\n\n", "1.0.0": "\n\nFirst.\n\n"}


def test_a_recorded_release_is_where_the_next_updates_start(
    history: History, tmp_path: Path
) -> None:
    """`scripts.release` records the work tree in a clone, which then announces the next version."""
    clone, present = tmp_path / "template", history.present
    git(tmp_path, "clone", "--quiet", history.clone, clone)
    git(clone, "tag", "--delete", f"v{present}")
    steps = "; ".join(Ledger.read().next.manual)
    (clone / "CHANGELOG.md").write_text(f"## {present}\n\n{DUTY}: {steps}\n")

    run(*RELEASE, "declare", cwd=clone)
    facts = Ledger.read(clone / "releases.toml").next
    git(clone, "commit", "--quiet", "--all", "--message", f"Release {present}")
    released = git(clone, "rev-parse", "HEAD").strip()
    run(*RELEASE, "record", cwd=clone)
    run(*RELEASE, "tag", cwd=clone)

    ledger, later = Ledger.read(clone / "releases.toml"), following(present)
    assert ledger.last == Release(present, released, facts)
    assert ledger.next == Facts()
    assert git(clone, "rev-parse", f"v{present}").strip() == released
    expected = [*transitions()[:-1], Transition(present, later)]
    assert ways_of(clone) == [
        *(f"{way.old}-to-{later}" for way in expected),
        f"{later}-to-{following(later)}",
    ]


def ways_of(clone: Path) -> list[str]:
    program = "from tests.support.history import transitions; print(*transitions())"
    return run(sys.executable, "-c", program, cwd=clone).split()


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (None, ["docs/old.md"]),
        ("rm docs/old.md", ["docs/old.md"]),
        ("git mv docs/old.md docs/new.md", []),
        ("test -f docs/old.md && git mv docs/old.md docs/old.md.kept", []),
    ],
)
def test_a_path_that_is_gone_needs_a_git_mv_step(step: str | None, found: list[str]) -> None:
    migrations = ({"version": "1.1.0", "when": BEFORE, "command": step},) if step else ()
    old = Snapshot("1.0.0", frozenset({"docs/old.md"}), {}, ())
    new = Snapshot("1.1.0", frozenset({"docs/new.md"}), {}, migrations)

    assert unguarded(old, new) == found


def test_a_rename_is_told_from_a_removal_by_where_the_step_moves_it() -> None:
    command = "git mv docs/a.md docs/b.md; git mv docs/c.md docs/c.md.kept"
    step = {"version": "1.1.0", "when": BEFORE, "command": command}
    old = Snapshot("1.0.0", frozenset({"docs/a.md", "docs/c.md"}), {}, ())
    new = Snapshot("1.1.0", frozenset({"docs/b.md"}), {}, (step,))

    assert difference(old, new) == Facts(
        renamed=(("docs/a.md", "docs/b.md"),), removed=("docs/c.md",), trust=True
    )


def test_a_lost_question_and_a_lost_choice_are_found() -> None:
    cache = {"choices": ["none", "redis"]}
    old = Snapshot("1.0.0", frozenset(), {"cache": cache, "mail": {"type": "str"}}, ())
    new = Snapshot("1.1.0", frozenset(), {"cache": {"choices": ["none"]}}, ())

    assert lost_questions(old, new) == ["mail"]
    assert lost_choices(old, new) == ["cache: redis"]
