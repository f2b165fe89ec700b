"""The template's revisions are one line: two that follow the same one would leave two heads."""

import re

from tests.support.rendering import ROOT

BASELINE = ROOT / "template" / "migrations" / "baseline"
NAMES = re.compile(r'^(?:down_)?revision: [^=]+= "?(\w+)"?$', re.MULTILINE)


def test_each_revision_of_the_baseline_follows_the_one_before() -> None:
    revisions = [NAMES.findall(path.read_text()) for path in sorted(BASELINE.glob("0*.py"))]

    numbers = [f"baseline_{number:04d}" for number in range(1, len(revisions) + 1)]
    assert revisions == [list(pair) for pair in zip(numbers, ["None", *numbers], strict=False)]
