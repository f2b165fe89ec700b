"""A run is held to the objectives of the service."""

from pathlib import Path

import pytest

from loadtests.objectives import SLO, verdicts
from loadtests.samples import Sample, by_second, read, summaries, write

FINE = Sample(at=1000.0, name="GET /a", seconds=0.01, is_ok=True)
SLOW = Sample(at=1001.5, name="GET /b", seconds=9.0, is_ok=True)
FAILED = Sample(at=1000.5, name="GET /a", seconds=0.01, is_ok=False)


@pytest.mark.parametrize(
    ("samples", "met"),
    [
        ([FINE] * 1000, [True, True]),
        ([FINE] * 990 + [SLOW] * 10, [True, True]),
        ([FINE] * 989 + [SLOW] * 11, [True, False]),
        ([FINE] * 999 + [FAILED], [True, True]),
        ([FINE] * 998 + [FAILED] * 2, [False, True]),
    ],
)
def test_the_shares_of_the_objectives_decide(samples: list[Sample], met: list[bool]) -> None:
    assert [verdict.is_met for verdict in verdicts(samples)] == met


def test_another_objective_is_another_verdict(tmp_path: Path) -> None:
    stricter = tmp_path / "slo.toml"
    stricter.write_text(SLO.read_text().replace("threshold_seconds = 0.5", "threshold_seconds = 0"))

    latency = verdicts([FINE] * 10, stricter)[1]

    assert not latency.is_met
    assert latency.line().startswith("MISSED: 0.000 % were answered within 0.0 s")


def test_figures_follow_from_the_samples(tmp_path: Path) -> None:
    write(tmp_path / "samples", [FINE, FAILED, SLOW])

    first, second, both = summaries(read(tmp_path / "samples"))

    assert (first.name, first.count, first.failed, first.p50_ms) == ("GET /a", 2, 1, 10.0)
    assert (second.name, second.p99_ms) == ("GET /b", 9000.0)
    assert (both.name, both.count, both.per_second) == ("all", 3, 0.3)
    assert [(one.name, one.count) for one in by_second([FINE, FAILED, SLOW])] == [
        ("0", 2),
        ("1", 1),
    ]
