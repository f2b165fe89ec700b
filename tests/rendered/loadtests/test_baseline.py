"""A run is compared with the owner's baseline, and until there is one with the template's."""

from pathlib import Path

import pytest

from loadtests import baseline
from loadtests.ratio import Ratio
from loadtests.samples import CHECK, Sample, summaries


def test_a_ratio_under_three_quarters_is_a_regression() -> None:
    recorded = {"ratio": {"ratio": 0.4}}

    assert baseline.regression(Ratio(300, 1000, 0.3), recorded) is None
    assert "0.299 of the bare endpoint's" in str(
        baseline.regression(Ratio(299, 1000, 0.299), recorded)
    )


def test_what_was_recorded_counts_from_then_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(baseline, "OWN", tmp_path / "baseline.json")
    before = baseline.read()
    figures = summaries([Sample(0.0, "GET /a", 0.1, is_ok=True)])

    baseline.record(Ratio(50, 100, 0.5), CHECK, figures, tmp_path / "baseline.json")

    assert 0 < before["ratio"]["ratio"] < 1
    assert baseline.read()["ratio"]["ratio"] == 0.5
    assert set(baseline.read()["machine"]) == set(before["machine"])
    assert baseline.read()["run"] == before["run"]
