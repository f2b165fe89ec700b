"""The report has its plots in it, says what was missed, and loads nothing."""

import re

from loadtests.objectives import verdicts
from loadtests.report import html
from loadtests.samples import Sample

SAMPLES = [
    Sample(at=number / 10, name="GET /<me>", seconds=0.01 * (number % 7), is_ok=number != 3)
    for number in range(100)
]


def test_it_shows_plots_figures_and_the_machine() -> None:
    page = html("Load", {"cores": 2}, SAMPLES, verdicts(SAMPLES), ["REGRESSION: slower"])

    lines = re.findall(r'<polyline [^>]*points="([^"]+)"', page)
    assert [len(line.split()) for line in lines] == [10, 10, 10, 10, 101]
    assert "<td>GET /&lt;me&gt;</td><td>100</td><td>1</td>" in page
    assert "<td>cores</td><td>2</td>" in page
    assert '<li class="missed">MISSED: 99.000 % were answered without an error' in page
    assert '<li class="missed">REGRESSION: slower</li>' in page
    assert not re.search(r"https?:|<script|src=|@import", page)
