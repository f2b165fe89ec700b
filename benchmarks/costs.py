"""What each kind of telemetry costs: the rate of a request with it alone, by the rate with none."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import collector
from benchmarks import postgres
from benchmarks.client import Request
from benchmarks.client import load
from benchmarks.run import administrator
from benchmarks.servers import Server
from benchmarks.servers import rendered

ME = "/api/v1/users/me"
QUIET = {"LOG_LEVEL": "WARNING", "METRICS_ENABLED": "false", "OTEL_SDK_DISABLED": "true"}


@dataclass(frozen=True)
class Cost:
    name: str
    goal: float
    """The least ratio of the rate with it to the rate without."""
    settings: dict[str, str]


@dataclass(frozen=True)
class CostFigure:
    cost: Cost
    requests_per_second: float
    ratio: float
    """Median over the rounds of the ratio within a round."""

    def line(self) -> str:
        return (
            f"{self.cost.name:<12} {self.requests_per_second:7.0f}/s with it,"
            f" ratio {self.ratio:.3f} to none (goal {self.cost.goal:.2f})"
        )


def costs(collector_url: str) -> list[Cost]:
    tracing = {
        "OTEL_SDK_DISABLED": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector_url,
        "OTEL_TRACES_SAMPLER_ARG": "0.1",
    }
    metrics = {"METRICS_ENABLED": "true", "MONITORING_TOKEN": secrets.token_urlsafe()}
    return [
        Cost("metrics", 0.95, metrics),
        Cost("tracing 10 %", 0.85, tracing),
        Cost("access log", 0.85, {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}),
    ]


def measure(
    project: Path,
    data: Path,
    *,
    rounds: int = 7,
    requests: int = 2000,
    progress: Callable[[str], None] = lambda _: None,
) -> list[CostFigure]:
    """`project` is rendered for PostgreSQL with both kinds of telemetry."""
    with ExitStack() as stack:
        shared = {
            "DATABASE_URL": stack.enter_context(postgres.running(project)),
            "SECRET_KEY": secrets.token_urlsafe(48),
            **QUIET,
        }
        kinds = costs(stack.enter_context(collector.running()))
        silent = stack.enter_context(rendered(project, data, **shared))
        servers = [
            stack.enter_context(rendered(project, data, name=kind.name, **shared | kind.settings))
            for kind in kinds
        ]
        header = ("authorization", f"Bearer {administrator(project, silent)}")
        progress(f"telemetry: {rounds} rounds of {requests} requests")
        request = Request(ME, headers=(header,))
        return _compared(kinds, [silent, *servers], request, rounds, requests)


def _compared(
    kinds: list[Cost], servers: list[Server], request: Request, rounds: int, requests: int
) -> list[CostFigure]:
    def rates(count: int) -> list[float]:
        """Of each server, one after the other: a slow minute hits them all."""
        return [
            asyncio.run(load(server.port, request, requests=count)).requests_per_second
            for server in servers
        ]

    rates(requests // 4)
    measured = [rates(requests) for _ in range(rounds)]
    return [
        CostFigure(
            kind,
            median(of_round[number] for of_round in measured),
            median(of_round[number] / of_round[0] for of_round in measured),
        )
        for number, kind in enumerate(kinds, start=1)
    ]
