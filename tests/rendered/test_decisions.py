"""docs/security/decisions.md has what requirements ask to have in writing, and it is true."""

import re
from pathlib import Path

import pytest

from app.core.database import Base
from tests.support.isolation import setting_names

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security" / "decisions.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+)\n\n((?:(?!## ).*\n)+)", PAGE, re.MULTILINE))
ASKED_FOR = {
    "2.1.2": "Combinations that must fit",
    "2.1.3": "Limits of use",
    "6.1.1": "Ways in",
    "6.1.2": "Words that make no password",
    "6.1.3": "Ways in",
    "7.1.1": "Sessions",
    "7.1.2": "Sessions",
    "7.1.3": "Sessions",
    "8.1.2": "Who may read and write which field",
    "11.1.1": "Keys",
    "11.1.2": "Keys",
    "13.1.1": "Whom it talks to",
    "14.1.1": "Data",
    "14.1.2": "Data",
    "15.1.1": "Components",
    "15.1.3": "Limits of use",
    "16.1.1": "Logs",
}
SETTING = re.compile(r"`([A-Z]+(?:_[A-Z]+)+)`")
DERIVED = re.compile(r"derived_keys\(([A-Z_]+)\)")
LEAST_CHARACTERS = 100


@pytest.mark.parametrize("requirement", ASKED_FOR)
def test_the_page_has_what_requirements_ask_for(requirement: str) -> None:
    assert len(SECTIONS[ASKED_FOR[requirement]]) >= LEAST_CHARACTERS


def test_every_setting_that_is_named_exists() -> None:
    named = set(SETTING.findall(PAGE))

    assert named
    assert named - {name.upper() for name in setting_names("app.")} == set()


def test_every_table_is_classified() -> None:
    assert {name for name in _tables() if f"`{name}`" not in SECTIONS["Data"]} == set()


def test_every_derived_key_is_listed() -> None:
    sources = [path.read_text() for path in (ROOT / "app").rglob("*.py")]
    purposes = {
        purpose
        for source in sources
        for constant in DERIVED.findall(source)
        for purpose in re.findall(rf'^{constant} = "(.+)"$', source, re.MULTILINE)
    }

    assert bool(purposes) == any(DERIVED.search(source) for source in sources)
    assert {purpose for purpose in purposes if f"`{purpose}`" not in SECTIONS["Keys"]} == set()


def _tables() -> set[str]:
    """Of the template's part: a domain's are its owner's to classify."""
    mappers = [one for one in Base.registry.mappers if _is_of_the_template(one.class_)]
    links = [link.secondary for one in mappers for link in one.relationships]
    own = {table.name for one in mappers for table in one.tables if hasattr(table, "name")}
    return own | {link.name for link in links if link is not None and hasattr(link, "name")}


def _is_of_the_template(model: type) -> bool:
    return model.__module__.startswith("app.") and not model.__module__.startswith("app.domains.")
