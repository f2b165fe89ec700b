"""A test marked `alone` overlaps with no other test of its run, and comes first."""

import json
import sys
from operator import itemgetter
from pathlib import Path

from tests.support.process import run
from tests.support.rendering import ROOT

SUITE = """\
import json
import time
from pathlib import Path

import pytest


def note(kind):
    started = time.monotonic()
    time.sleep(0.1)
    with Path("spans").open("a") as spans:
        spans.write(json.dumps([kind, started, time.monotonic()]) + "\\n")


@pytest.mark.alone
@pytest.mark.parametrize("number", range(2))
def test_alone(number):
    note("alone")


@pytest.mark.parametrize("number", range(8))
def test_shared(number):
    note("shared")
"""
INI = "[pytest]\nmarkers = alone: measures time\n"


def test_nothing_runs_beside_a_test_that_measures_time(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text(INI)
    options = ("-q", "--numprocesses=2", "-p", "template.tests.support.quiet")

    run(
        *(sys.executable, "-m", "pytest", *options),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        timeout_seconds=180,
    )

    lines = (tmp_path / "spans").read_text().splitlines()
    spans = [tuple(json.loads(line)) for line in lines]
    overlaps = {
        (one[0], other[0])
        for one in spans
        for other in spans
        if one != other and one[1] < other[2] and other[1] < one[2]
    }
    assert len(spans) == 10
    assert overlaps == {("shared", "shared")}
    assert "alone" in [kind for kind, *_ in sorted(spans, key=itemgetter(1))][:2]
