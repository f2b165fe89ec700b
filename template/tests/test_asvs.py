"""docs/security/asvs/ lists every requirement up to level 2; its rows name tests, which exist."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "security" / "asvs").glob("*.md"))
IDENTITY = re.compile(r"\d+\.\d+\.\d+|[a-z][a-z0-9]*(-[a-z0-9]+)+")
PROOF = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
REASON = re.compile(r"(yours|not applicable|open): \S.{10,}")
STANDARD = tomllib.loads((ROOT / "tests" / "asvs.toml").read_text())["chapter"]


@dataclass(frozen=True)
class Row:
    identity: str
    requirement: str
    proof: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        return PROOF.findall(self.proof)


def rows(page: Path) -> Iterator[Row]:
    """Lines of its tables, without the two lines of a table's head."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("|")]
    for line in lines[2:]:
        identity, requirement, proof = (cell.strip() for cell in line.strip("|").split("|"))
        yield Row(identity, requirement, proof)


@cache
def defined_in(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(file.read_text()))
    return frozenset(node.name for node in nodes if isinstance(node, functions))


def numbers(*levels: str) -> list[str]:
    chapters = STANDARD.values()
    return [number for chapter in chapters for at in levels for number in chapter.get(at, ())]


def name(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_is_proved_or_says_why_not(page: Path) -> None:
    found = list(rows(page))

    assert found
    assert [row for row in found if not IDENTITY.fullmatch(row.identity)] == []
    assert [row for row in found if not row.requirement] == []
    assert [row for row in found if not row.tests and not REASON.match(row.proof)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = [test for row in rows(page) for test in row.tests]

    assert [(path, test) for path, test in named if test not in defined_in(path)] == []


def test_no_requirement_is_listed_twice() -> None:
    counts = Counter(row.identity for page in PAGES for row in rows(page))

    assert [identity for identity, count in counts.items() if count > 1] == []


def test_every_requirement_up_to_level_2_is_listed() -> None:
    listed = {row.identity for page in PAGES for row in rows(page)}

    assert [number for number in numbers("level_1", "level_2") if number not in listed] == []


def test_every_number_is_one_of_the_standard() -> None:
    known = set(numbers("level_1", "level_2", "level_3"))
    listed = [row.identity for page in PAGES for row in rows(page)]

    assert [one for one in listed if one[0].isdigit() and one not in known] == []


def test_the_standard_is_whole() -> None:
    assert list(STANDARD) == [str(chapter) for chapter in range(1, 18)]
    assert (len(numbers("level_1")), len(numbers("level_2"))) == (70, 183)
