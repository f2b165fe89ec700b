"""CHANGELOG.md, read for what an owner must do: `## X.Y.Z`, then a paragraph that says so."""

import re
from pathlib import Path

from tests.support.ledger import Facts, LedgerError
from tests.support.rendering import ROOT

CHANGELOG = ROOT / "CHANGELOG.md"
VERSION = re.compile(r"\[?v?(\d+\.\d+\.\d+)\b")
DUTY = "What a rendered project must do"


def entries(path: Path = CHANGELOG) -> dict[str, str]:
    """The text under each `## X.Y.Z` heading; a date after the version is ignored."""
    parts = re.split(r"^## (.+)$", path.read_text(), flags=re.M)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    return {version[1]: text for heading, text in sections if (version := VERSION.match(heading))}


def require_entry(version: str, facts: Facts, path: Path = CHANGELOG) -> None:
    entry = entries(path).get(version)
    if entry is None:
        raise LedgerError(f"CHANGELOG.md has no heading `## {version}`")
    if DUTY not in entry:
        raise LedgerError(f"the entry {version} of CHANGELOG.md has no paragraph `{DUTY}`")
    duty = " ".join(entry.split(DUTY, 1)[1].split())
    missing = [step for step in facts.manual if " ".join(step.split()) not in duty]
    if missing:
        raise LedgerError(f"the paragraph `{DUTY}` of {version} does not name: {missing}")
