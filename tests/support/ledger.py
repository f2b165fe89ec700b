"""releases.toml: what was released from which commit, and what each release declares."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from tests.support.rendering import ROOT, git

LEDGER = ROOT / "releases.toml"
SHALLOW = (
    "this clone is shallow, so the released commits are missing; "
    "fetch them with: git fetch --unshallow"
)


class LedgerError(AssertionError):
    """The ledger and the repository disagree; the message says what to do."""


@dataclass(frozen=True)
class Facts:
    """What a release means for a rendered project. Paths are those of the rendered project."""

    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    questions_added: tuple[str, ...] = ()
    questions_changed: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()
    trust: bool = False

    @classmethod
    def parse(cls, table: dict[str, Any]) -> "Facts":
        return cls(
            renamed=tuple((move["from"], move["to"]) for move in table["renamed"]),
            removed=tuple(table["removed"]),
            questions_added=tuple(table["questions_added"]),
            questions_changed=tuple(table["questions_changed"]),
            manual=tuple(table["manual"]),
            trust=table["trust"],
        )


@dataclass(frozen=True)
class Release:
    version: str
    commit: str
    facts: Facts

    @property
    def tag(self) -> str:
        return f"v{self.version}"


@dataclass(frozen=True)
class Ledger:
    releases: tuple[Release, ...]
    next: Facts

    @classmethod
    def read(cls, path: Path = LEDGER) -> "Ledger":
        document = tomllib.loads(path.read_text())
        releases = (
            Release(entry["version"], entry["commit"], Facts.parse(entry))
            for entry in document.get("release", [])
        )
        return cls(tuple(releases), Facts.parse(document["next"]))

    @property
    def last(self) -> Release | None:
        return self.releases[-1] if self.releases else None


def next_version(root: Path = ROOT) -> str:
    """The version that pyproject.toml announces: the release being worked on."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def announce(pyproject: Path, version: str) -> None:
    text = pyproject.read_text()
    pyproject.write_text(re.sub(r'^version = ".*"$', f'version = "{version}"', text, flags=re.M))


def require_history(root: Path, ledger: Ledger) -> None:
    """Every released commit is an ancestor of HEAD: nobody squashed or rebased across it."""
    if git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise LedgerError(SHALLOW)
    ancestors = set(git(root, "rev-list", "HEAD").split())
    for release in ledger.releases:
        if release.commit not in ancestors:
            raise LedgerError(
                f"release {release.version} names commit {release.commit}, which is not an "
                "ancestor of HEAD: history was rewritten across a release, or the commit is "
                "abbreviated; restore the history, the ledger is never edited to fit"
            )


def require_ascending(ledger: Ledger, announced: str) -> None:
    versions = [*(release.version for release in ledger.releases), announced]
    if sorted(set(versions), key=Version) != versions:
        raise LedgerError(
            f"versions must rise and end with the one in pyproject.toml, these do not: {versions}; "
            "set the version of the coming release in pyproject.toml"
        )
