"""What really changed for a rendered project between two tags of a clone of the template.

A path that disappears takes the owner's edits with it, unless a `_migrations` step moved the file
in the index before the update looked. So every path that is gone needs such a step: `git mv` to its
new name where it was renamed, `git mv` of an edited file to a kept name where it was removed.
"""

import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from copier._template import filter_config, load_template_config
from packaging.version import Version

from tests.support.ledger import Facts
from tests.support.questions import choices
from tests.support.rendering import git

# What decides an answer; a question's help may be reworded freely.
WEIGHTY = ("type", "choices", "multiselect", "default", "validator", "when", "ask")
MOVE = re.compile(r"\bgit mv (?P<old>[^\s;&|]+) (?P<new>[^\s;&|]+)")


@dataclass(frozen=True)
class Snapshot:
    version: str
    paths: frozenset[str]
    questions: dict[str, dict[str, Any]]
    migrations: tuple[dict[str, Any], ...]


@cache
def snapshot(clone: Path, version: str) -> Snapshot:
    with tempfile.TemporaryDirectory(prefix="snapshot-") as name:
        tree = Path(name)
        archive = tree / "tree.tar"
        git(clone, "archive", f"--output={archive}", f"v{version}", "copier.yml", "extensions")
        with tarfile.open(archive) as packed:
            packed.extractall(tree, filter="data")
        config, questions = filter_config(load_template_config(tree / "copier.yml"))
    return Snapshot(
        version,
        rendered_paths(clone, version),
        {name: question for name, question in questions.items() if question.get("when", True)},
        tuple(entry for entry in config.get("migrations", []) if isinstance(entry, dict)),
    )


def rendered_paths(clone: Path, version: str) -> frozenset[str]:
    listing = git(clone, "ls-tree", "-r", "--name-only", "-z", f"v{version}:template")
    return frozenset(path.removesuffix(".jinja") for path in listing.split("\0") if path)


def difference(old: Snapshot, new: Snapshot, manual: tuple[str, ...] = ()) -> Facts:
    """The facts to declare; `manual` is passed through, because only a person knows it."""
    gone = old.paths - new.paths
    renamed = {path: to for path, to in moves(old, new).items() if path in gone and to in new.paths}
    return Facts(
        renamed=tuple(sorted(renamed.items())),
        removed=tuple(sorted(gone - renamed.keys())),
        questions_added=tuple(sorted(new.questions.keys() - old.questions.keys())),
        questions_changed=tuple(
            name
            for name in sorted(old.questions.keys() & new.questions.keys())
            if weight(old.questions[name]) != weight(new.questions[name])
        ),
        manual=manual,
        trust=any(True for _ in steps(old, new)),
    )


def unguarded(old: Snapshot, new: Snapshot) -> list[str]:
    """Paths that are gone although no step moves the owner's edits out of the way."""
    return sorted(old.paths - new.paths - moves(old, new).keys())


def lost_questions(old: Snapshot, new: Snapshot) -> list[str]:
    """Questions whose stored answer an update would drop; they are never removed or renamed."""
    return sorted(old.questions.keys() - new.questions.keys())


def lost_choices(old: Snapshot, new: Snapshot) -> list[str]:
    """Choices whose stored answer an update would replace by the default."""
    return [
        f"{name}: {choice}"
        for name, question in sorted(old.questions.items())
        for choice in choices(question)
        if choice not in choices(new.questions.get(name, question))
    ]


def moves(old: Snapshot, new: Snapshot) -> dict[str, str]:
    before = [step for step in steps(old, new) if "before" in str(step.get("when", ""))]
    return {
        match["old"]: match["new"] for step in before for match in MOVE.finditer(command_of(step))
    }


def steps(old: Snapshot, new: Snapshot) -> Iterator[dict[str, Any]]:
    """The `_migrations` entries that an update from `old` to `new` runs, and needs trust for."""
    for step in new.migrations:
        version = Version(str(step.get("version", new.version)))
        if Version(old.version) < version <= Version(new.version):
            yield step


def command_of(step: dict[str, Any]) -> str:
    command = step["command"]
    return command if isinstance(command, str) else " ".join(command)


def weight(question: dict[str, Any]) -> dict[str, Any]:
    return {key: question[key] for key in WEIGHTY if key in question}
