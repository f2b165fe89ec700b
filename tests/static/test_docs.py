"""Pages link to what exists, name what exists, and are found from the index."""

import re
from pathlib import Path

import pytest

from tests.support import question_page
from tests.support.rendering import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
"""Its commands run in a service; tests/docs/test_tutorial.py runs them."""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RENDERED = sorted(path for path in (ROOT / "template" / "docs").rglob("*.md*") if path.is_file())
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
TEST_PATH = re.compile(r"\btests/[a-z_]+(?:\.py)?\b")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [
        link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()
    ] == []


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != TUTORIAL],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_test_folder_in_a_command_exists(page: Path) -> None:
    commands = [line for line in page.read_text().splitlines() if line.startswith("uv run pytest")]
    named = [path for line in commands for path in TEST_PATH.findall(line)]

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_index_names_every_page() -> None:
    """But those of the ASVS, which tests/docs/test_asvs.py finds in their overview."""
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
    elsewhere = {index, *(ROOT / "docs" / "security" / "asvs").glob("*.md")}

    assert {page for page in (ROOT / "docs").rglob("*.md") if page not in elsewhere} <= linked


def test_the_page_of_the_questions_is_what_copier_asks() -> None:
    assert question_page.PAGE.read_text() == question_page.page()


@pytest.mark.parametrize("page", RENDERED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_rendered_page_leads_to_a_rendered_file(page: Path) -> None:
    links = [(page.parent / link).resolve() for link in LINK.findall(page.read_text())]
    found = {link for link in links if link.exists() or Path(f"{link}.jinja").exists()}

    assert set(links) - found == set()
