"""The thresholds of a run are the objectives of the service: deploy/monitoring/slo.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from loadtests.samples import Sample

SLO = Path(__file__).resolve().parents[1] / "deploy" / "monitoring" / "slo.toml"


@dataclass(frozen=True)
class Verdict:
    objective: str
    """What is asked of the run, as a sentence."""
    percent: float
    """The share of the requests that met it."""
    least_percent: float

    @property
    def is_met(self) -> bool:
        return self.percent >= self.least_percent

    def line(self) -> str:
        word = "met" if self.is_met else "MISSED"
        return f"{word}: {self.percent:.3f} % {self.objective}, {self.least_percent} % are needed"


def verdicts(samples: list[Sample], slo: Path = SLO) -> list[Verdict]:
    objectives = tomllib.loads(slo.read_text())
    latency = objectives["latency"]
    bound = float(latency["threshold_seconds"])
    answered = sum(sample.is_ok for sample in samples)
    in_time = sum(sample.seconds <= bound for sample in samples)
    return [
        Verdict(
            "were answered without an error",
            100 * answered / len(samples),
            objectives["availability"]["objective_percent"],
        ),
        Verdict(
            f"were answered within {bound} s",
            100 * in_time / len(samples),
            latency["objective_percent"],
        ),
    ]
