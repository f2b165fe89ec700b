"""docs/security/asvs/ lists OWASP ASVS up to level 2, by tests of the enterprise render."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.overlay import lay_over
from tests.support.rendering import ROOT, render

OVERVIEW = ROOT / "docs" / "security" / "asvs.md"
PAGES = sorted((ROOT / "docs" / "security" / "asvs").glob("*.md"))
RENDERED_PAGE = "docs/security/asvs.md"
STANDARD = tomllib.loads((ROOT / "tests" / "data" / "asvs.toml").read_text())["chapter"]
LEVELS = ("level_1", "level_2", "level_3")
IDENTITY = re.compile(r"\d+\.\d+\.\d+|[a-z][a-z0-9]*(-[a-z0-9]+)+")
NUMBER = re.compile(r"\b\d+\.\d+\.\d+\b")
PROOF = re.compile(r"`(tests/[^`]*)`")
REASON = re.compile(r"(yours|not applicable|open): \S.{10,}")
WITHOUT_PROVIDERS = re.compile(r"^Users log in with a password only\.\n(.+)", re.M | re.S)
LEFT_TO_THE_OWNER = re.compile(r"^## What is left to the owner\n(.+?)^## ", re.M | re.S)


@dataclass(frozen=True)
class Row:
    identity: str
    requirement: str
    proof: str

    @property
    def tests(self) -> list[str]:
        return PROOF.findall(self.proof)


def rows(page: Path) -> Iterator[Row]:
    for identity, requirement, proof in table(page.read_text()):
        yield Row(identity, requirement, proof)


def table(text: str) -> Iterator[list[str]]:
    """The cells of each line, without the two lines of the table's head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def numbers(*levels: str) -> list[str]:
    chapters = STANDARD.values()
    return [number for chapter in chapters for at in levels for number in chapter.get(at, ())]


def name(page: Path) -> str:
    return page.stem


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = render(tmp_path_factory.mktemp("asvs") / "service", preset="enterprise")
    lay_over(project)
    return project


@pytest.fixture(scope="module")
def defined(enterprise: Path) -> set[str]:
    """Every test of the render, as `tests/test_file.py::test_name`."""
    return {
        f"{file.relative_to(enterprise).as_posix()}::{function}"
        for file in (enterprise / "tests").rglob("test_*.py")
        for function in functions_in(file)
        if function.startswith("test_")
    }


def functions_in(file: Path) -> list[str]:
    nodes = ast.parse(file.read_text()).body
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in nodes if isinstance(node, functions)]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_is_proved_or_says_why_not(page: Path) -> None:
    found = list(rows(page))

    assert found
    assert [row for row in found if not IDENTITY.fullmatch(row.identity)] == []
    assert [row for row in found if not row.requirement] == []
    assert [row for row in found if not row.tests and not REASON.match(row.proof)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_is_named_is_in_the_render(page: Path, defined: set[str]) -> None:
    named = [test for row in rows(page) for test in row.tests]

    assert [test for test in named if test not in defined] == []


def test_no_requirement_is_listed_twice() -> None:
    counts = Counter(row.identity for page in PAGES for row in rows(page))

    assert [identity for identity, count in counts.items() if count > 1] == []


def test_every_requirement_is_listed() -> None:
    listed = {row.identity for page in PAGES for row in rows(page)}

    assert [number for number in numbers(*LEVELS) if number not in listed] == []


def test_every_number_is_one_of_the_standard() -> None:
    known = set(numbers(*LEVELS))
    listed = [row.identity for page in PAGES for row in rows(page)]

    assert [one for one in listed if one[0].isdigit() and one not in known] == []


def test_the_standard_is_whole() -> None:
    assert list(STANDARD) == [str(chapter) for chapter in range(1, 18)]
    assert (len(numbers("level_1")), len(numbers("level_2"))) == (70, 183)


def test_the_overview_names_each_page_with_its_chapters() -> None:
    pages = [[f"[{title(page)}](asvs/{page.name})", chapters(page)] for page in PAGES]
    text, _, _ = OVERVIEW.read_text().partition("## ")

    assert sorted(table(text)) == sorted(pages)


def test_the_overview_names_what_is_left_to_the_owner() -> None:
    left = {row.identity for page in PAGES for row in rows(page) if "yours: " in row.proof}
    section = LEFT_TO_THE_OWNER.search(OVERVIEW.read_text())

    assert section
    assert set(NUMBER.findall(section[1])) == left


def test_without_providers_the_rendered_page_says_which_requirements_do_not_apply(
    tmp_path: Path,
) -> None:
    project = render(tmp_path / "service", preset="minimal")
    federated = next(page for page in PAGES if page.stem == "federated-login")
    required = {row.identity for row in rows(federated) if row.identity[0].isdigit()}

    named = WITHOUT_PROVIDERS.search((project / RENDERED_PAGE).read_text())

    assert named
    sections = re.findall(r"\d+(?:\.\d+)+", named[1])
    assert {one for one in required if not within(one, sections)} == set()


def title(page: Path) -> str:
    return page.read_text().splitlines()[0].removeprefix("# ")


def chapters(page: Path) -> str:
    found = {int(row.identity.split(".")[0]) for row in rows(page) if row.identity[0].isdigit()}
    return ", ".join(map(str, sorted(found)))


def within(number: str, sections: list[str]) -> bool:
    return any(f"{number}.".startswith(f"{section}.") for section in sections)
