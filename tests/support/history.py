"""Clones of this repository in which every release is tagged, as users of the template see them.

`clone` ends with the work tree, tagged with the version that pyproject.toml announces. `future`
adds a scripted release. It is the only later one while the ledger is empty.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from filelock import FileLock
from packaging.version import Version

from tests.support.ledger import Facts, Ledger, next_version, require_history
from tests.support.rendering import ROOT, clone_template, git, work_tree
from tests.support.synthetic import FACTS, release_synthetically


@dataclass(frozen=True)
class Transition:
    """One step that a project can take: from a tagged version to the newest of a clone."""

    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old}-to-{self.new}"

    @property
    def facts(self) -> list[Facts]:
        return [
            facts
            for version, facts in declared().items()
            if Version(self.old) < Version(version) <= Version(self.new)
        ]

    @property
    def needs_trust(self) -> bool:
        return any(facts.trust for facts in self.facts)

    @property
    def declared_gone(self) -> set[str]:
        renamed = {old for facts in self.facts for old, _ in facts.renamed}
        return renamed.union(*(facts.removed for facts in self.facts))


@dataclass(frozen=True)
class History:
    directory: Path

    @property
    def clone(self) -> Path:
        return self.directory / "history"

    @property
    def future(self) -> Path:
        return self.directory / "future"

    @cached_property
    def present(self) -> str:
        return next_version(self.clone)

    def template(self, transition: Transition) -> Path:
        """The clone whose newest tag is where the transition ends."""
        return self.clone if transition.new == self.present else self.future

    def build(self) -> None:
        tagged_clone(self.clone, Ledger.read())
        git(ROOT, "clone", "--quiet", self.clone, self.future)
        release_synthetically(self.future, following(self.present))


def tagged_clone(destination: Path, ledger: Ledger) -> Path:
    require_history(ROOT, ledger)
    clone_template(destination, next_version())
    for release in ledger.releases:
        git(destination, "tag", "--force", release.tag, release.commit)
    return destination


def declared() -> dict[str, Facts]:
    """What each version declares, from the first release to the scripted one."""
    ledger, present = Ledger.read(), next_version()
    releases = {release.version: release.facts for release in ledger.releases}
    return {**releases, present: ledger.next, following(present): FACTS}


def transitions() -> list[Transition]:
    """From each release to the work tree, and from the work tree to the scripted release."""
    present = next_version()
    released = [Transition(release.version, present) for release in Ledger.read().releases]
    return [*released, Transition(present, following(present))]


def following(version: str) -> str:
    parsed = Version(version)
    return f"{parsed.major}.{parsed.minor + 1}.0"


def shared_history(base: Path) -> History:
    """One history for all workers of a test run that see the same work tree."""
    history = History(base / f"template-{fingerprint()}")
    once(history.directory, lambda _: history.build())
    return history


def once(directory: Path, build: Callable[[Path], None]) -> Path:
    """The directory, filled by whichever worker comes first; a failed build leaves nothing."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    done = directory.with_name(f"{directory.name}.done")
    with FileLock(directory.with_name(f"{directory.name}.lock")):
        if not done.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            build(directory)
            done.touch()
    return directory


def fingerprint() -> str:
    digest = hashlib.sha256(git(ROOT, "rev-parse", "HEAD").encode())
    tree = work_tree()
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(tree)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
