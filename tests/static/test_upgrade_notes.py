"""The rendered page of upgrade notes says what the ledger says, newest first."""

import re

from packaging.version import Version

from tests.support.ledger import Ledger, next_version
from tests.support.rendering import ROOT

PAGE = ROOT / "template" / "docs" / "upgrade-notes.md.jinja"


def sections() -> dict[str, str]:
    parts = re.split(r"^## (\d+\.\d+\.\d+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def flat(text: str) -> str:
    return " ".join(text.split()).lower()


def test_every_step_that_a_release_asks_for_is_on_the_page() -> None:
    ledger, notes = Ledger.read(), sections()
    asked = {release.version: release.facts.manual for release in ledger.releases}
    asked[next_version()] = ledger.next.manual

    for version, steps in asked.items():
        assert [step for step in steps if flat(step) not in flat(notes.get(version, ""))] == []


def test_the_newest_release_stands_first() -> None:
    versions = list(sections())

    assert versions == sorted(versions, key=Version, reverse=True)
