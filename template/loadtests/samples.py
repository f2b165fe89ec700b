"""The shape of a run, what a load tool measured in it, and what follows from many samples."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

ALL = "all"


@dataclass(frozen=True)
class Shape:
    """How a run is shaped, whatever tool runs it."""

    scenario: str
    clients: int
    seconds: int
    pause_seconds: float
    """Between two requests of a client, on average."""


CHECK = Shape("mixed", clients=10, seconds=10, pause_seconds=0.1)
"""The short run of CI."""


@dataclass(frozen=True)
class Sample:
    at: float
    """When the request was sent, in seconds since the epoch."""
    name: str
    """Method and route."""
    seconds: float
    is_ok: bool


@dataclass(frozen=True)
class Summary:
    name: str
    count: int
    failed: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def write(path: Path, samples: Iterable[Sample]) -> None:
    path.write_text("".join(json.dumps(asdict(sample)) + "\n" for sample in samples))


def read(path: Path) -> list[Sample]:
    return [Sample(**json.loads(line)) for line in path.read_text().splitlines()]


def summaries(samples: list[Sample]) -> list[Summary]:
    """One for each name, the last one for all of them."""
    by_name: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample)
    seconds = duration(samples)
    named = [_summary(name, of_name, seconds) for name, of_name in sorted(by_name.items())]
    return [*named, _summary(ALL, samples, seconds)]


def duration(samples: list[Sample]) -> float:
    """Seconds from the first request to the last answer."""
    first = min(sample.at for sample in samples)
    return max(sample.at + sample.seconds for sample in samples) - first


def by_second(samples: list[Sample]) -> list[Summary]:
    """The run second by second, each named by its number; a second with no request is left out."""
    first = min(sample.at for sample in samples)
    groups: defaultdict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[int(sample.at - first)].append(sample)
    return [_summary(str(second), groups[second], 1.0) for second in sorted(groups)]


def percentile(values: list[float], share: float) -> float:
    """`share` in percent, of one value or more."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=1000, method="inclusive")[round(share * 10) - 1]


def _summary(name: str, samples: list[Sample], seconds: float) -> Summary:
    latencies = [sample.seconds * 1000 for sample in samples]
    return Summary(
        name=name,
        count=len(samples),
        failed=sum(not sample.is_ok for sample in samples),
        per_second=round(len(samples) / seconds, 1),
        p50_ms=round(percentile(latencies, 50), 2),
        p95_ms=round(percentile(latencies, 95), 2),
        p99_ms=round(percentile(latencies, 99), 2),
    )
