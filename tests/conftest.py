"""Adds what the tests counted to the last lines of a run: variants, rendered tests, paths."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import IDENTITY, LEAKS

# Its assertions then say what differs, as those of a test do.
pytest.register_assert_rewrite("tests.support.parts")

pytest_plugins = [
    "tests.support.figures",
    "tests.support.matrix",
    # The rendered project's own: a tool that is absent, and a test that measures time, are
    # treated alike.
    "template.tests.support.needs",
    "template.tests.support.quiet",
]

COUNTS = "count:"
RANKS, LAST = {"fault": 0, "suite": 1, "update": 1}, 2


def pytest_configure() -> None:
    """Copier runs git inside this process, so the process itself needs the identity."""
    os.environ.update(IDENTITY)
    for name in LEAKS:
        os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left with one of them at the end."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return min((RANKS.get(mark.name, LAST) for mark in item.iter_markers()), default=LAST)


@pytest.fixture(scope="session")
def shared_base(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory that all workers of this run see."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture
def count(record_property: Any) -> Any:
    """Call it with what was seen and how often; the summary of the run adds it up."""

    def add(what: str, number: int = 1) -> None:
        record_property(f"{COUNTS}{what}", number)

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    totals: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                totals.update(_counted(report))
    for what, number in sorted(totals.items()):
        terminalreporter.write_line(f"{what}: {number}")


def _counted(report: pytest.TestReport) -> Counter[str]:
    totals: Counter[str] = Counter()
    for name, value in report.user_properties:
        if name.startswith(COUNTS):
            totals[name.removeprefix(COUNTS)] += int(str(value))
    return totals
