"""What a run is compared with.

`baseline.json` is yours: `python -m loadtests record` writes it, and no update touches it. Until it
is there, the template's own `reference.json` counts.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadtests import machine
from loadtests.ratio import Ratio
from loadtests.samples import Shape, Summary

HERE = Path(__file__).parent
OWN = HERE / "baseline.json"
REFERENCE = HERE / "reference.json"
LEAST_SHARE = 0.75
"""Of the baseline's ratio; a shared machine moves it by a tenth from run to run."""


def record(ratio: Ratio, shape: Shape, figures: list[Summary], path: Path = OWN) -> None:
    content = {
        "machine": machine.facts(),
        "run": asdict(shape),
        "ratio": asdict(ratio),
        "requests": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


def read() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((OWN if OWN.exists() else REFERENCE).read_text())
    return content


def regression(ratio: Ratio, baseline: dict[str, Any]) -> str | None:
    """What is wrong, or None: rates of two machines say nothing, their ratios do."""
    recorded = float(baseline["ratio"]["ratio"])
    least = round(LEAST_SHARE * recorded, 3)
    if ratio.ratio >= least:
        return None
    return (
        f"REGRESSION: {ratio.ratio} of the bare endpoint's rate, where the baseline has {recorded} "
        f"and {least} is the least"
    )
