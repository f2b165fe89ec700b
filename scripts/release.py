"""Keeps releases.toml: `declare` before a release, `record` after it, `tag` where tags are made.

`notes vX.Y.Z` prints what CHANGELOG.md says of the release that pyproject.toml announces.

Run it from the root of the repository: `uv run python -m scripts.release record`.
docs/maintaining/releasing.md tells the order.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

from tests.support import transcript
from tests.support.changelog import entries, require_entry
from tests.support.differences import difference, snapshot
from tests.support.history import following, tagged_clone
from tests.support.ledger import (
    LEDGER,
    Facts,
    Ledger,
    LedgerError,
    announce,
    next_version,
    require_ascending,
    require_history,
)
from tests.support.rendering import ROOT, git


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.release", description=__doc__)
    actions = parser.add_subparsers(required=True)
    for action in (declare, record, tag):
        actions.add_parser(action.__name__).set_defaults(run=lambda _, action=action: action())
    printed = actions.add_parser("notes")
    printed.add_argument("tag")
    printed.set_defaults(run=lambda arguments: notes(arguments.tag))
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except LedgerError as problem:
        print(f"release: {problem}", file=sys.stderr)
        return 1
    return 0


def declare() -> None:
    """Writes the real difference from the last release into `[next]`; `manual` stays as it is."""
    ledger = Ledger.read()
    facts = real_facts(ledger)
    LEDGER.write_text(with_next(LEDGER.read_text(), facts))
    print(f"releases.toml declares what {next_version()} changes:\n\n{table(facts)}")
    print("Add to `manual` what an owner must do by hand, in the words of CHANGELOG.md.")


def record() -> None:
    """Commits the ledger's entry for HEAD and raises the version to the next minor."""
    ledger, version = Ledger.read(), next_version()
    require_history(ROOT, ledger)
    require_ascending(ledger, version)
    require_entry(version, ledger.next)
    require_declared(ledger)
    if git(ROOT, "status", "--porcelain", "--untracked-files=no").strip():
        raise LedgerError("tracked files have uncommitted changes: commit the release first")
    commit = git(ROOT, "rev-parse", "HEAD").strip()
    entry = f'[[release]]\nversion = "{version}"\ncommit = "{commit}"\n{table(ledger.next)}'
    LEDGER.write_text(f"{with_next(LEDGER.read_text(), Facts()).rstrip()}\n\n{entry}")
    announce(ROOT / "pyproject.toml", following(version))
    transcript.write()
    changed = (LEDGER, ROOT / "pyproject.toml", transcript.PAGE)
    git(ROOT, "commit", "--quiet", "--message", f"Record release {version}", "--", *changed)
    print(f"{version} is {commit}; pyproject.toml now announces {following(version)}.")
    print("`uv run python -m scripts.release tag`, then `git push --tags`, publishes it.")


def tag() -> None:
    existing = set(git(ROOT, "tag", "--list").split())
    for release in Ledger.read().releases:
        if release.tag not in existing:
            git(ROOT, "tag", release.tag, release.commit)
            print(f"{release.tag} is {release.commit}")


def notes(wanted: str) -> None:
    version = next_version()
    if wanted != f"v{version}":
        raise LedgerError(f"{wanted} is not the tag of this commit, which announces v{version}")
    require_entry(version, Ledger.read().next)
    print(entries()[version].strip())


def require_declared(ledger: Ledger) -> None:
    if real_facts(ledger) != ledger.next:
        raise LedgerError(
            "`[next]` in releases.toml does not say what changed: "
            "uv run python -m scripts.release declare"
        )


def real_facts(ledger: Ledger) -> Facts:
    if ledger.last is None:
        return Facts(manual=ledger.next.manual)
    version = next_version()
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        clone = tagged_clone(Path(name) / "clone", ledger)
        old, new = snapshot(clone, ledger.last.version), snapshot(clone, version)
        return difference(old, new, ledger.next.manual)


def table(facts: Facts) -> str:
    renamed = ", ".join(
        f"{{ from = {json.dumps(old)}, to = {json.dumps(new)} }}" for old, new in facts.renamed
    )
    return (
        f"renamed = [{renamed}]\n"
        f"removed = {array(facts.removed)}\n"
        f"questions_added = {array(facts.questions_added)}\n"
        f"questions_changed = {array(facts.questions_changed)}\n"
        f"manual = {array(facts.manual)}\n"
        f"trust = {json.dumps(facts.trust)}\n"
    )


def array(items: tuple[str, ...]) -> str:
    if not items:
        return "[]"
    lines = "".join(f"    {json.dumps(item, ensure_ascii=False)},\n" for item in items)
    return f"[\n{lines}]"


def with_next(document: str, facts: Facts) -> str:
    """The ledger with another `[next]`, its comments and its releases as they were."""
    head, rest = document.split("[next]\n", 1)
    releases = re.search(r"^\[\[release\]\]$", rest, flags=re.M)
    tail = f"\n{rest[releases.start() :]}" if releases else ""
    return f"{head}[next]\n{table(facts)}{tail}"


if __name__ == "__main__":
    sys.exit(main())
