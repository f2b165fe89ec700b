"""What a part costs, or gains: the rate of a request with it, by the rate without."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median

from benchmarks import collector, postgres, redis
from benchmarks.client import CONNECTIONS, Request, load
from benchmarks.run import administrator, signed_in
from benchmarks.servers import Server, rendered

ME = "/api/v1/users/me"
NEEDS = (
    "core/database/postgres.py",
    "features/metrics",
    "features/tracing",
    "features/redis",
    "features/rate_limit",
)
NOBODY = "redis://127.0.0.1:1/0"
"""A Redis that is away: nothing is cached, and after the first request nothing is tried."""
QUIET = {
    "LOG_LEVEL": "WARNING",
    "METRICS_ENABLED": "false",
    "OTEL_SDK_DISABLED": "true",
    "RATE_LIMIT_ENABLED": "false",
    "REDIS_URL": NOBODY,
}


type Settings = frozenset[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Cost:
    name: str
    goal: float
    """The least ratio of the rate with it to the rate without."""
    settings: dict[str, str]
    beside: dict[str, str] = field(default_factory=dict)
    """What is on in both."""


@dataclass(frozen=True)
class CostFigure:
    cost: Cost
    requests_per_second: float
    ratio: float
    """Median over the rounds of the ratio within a round."""

    def line(self) -> str:
        return (
            f"{self.cost.name:<17} {self.requests_per_second:7.0f}/s with it,"
            f" ratio {self.ratio:.3f} to without (goal {self.cost.goal:.2f})"
        )


def costs(collector_url: str, redis_url: str) -> list[Cost]:
    tracing = {
        "OTEL_SDK_DISABLED": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector_url,
        "OTEL_TRACES_SAMPLER_ARG": "0.1",
    }
    metrics = {"METRICS_ENABLED": "true", "MONITORING_TOKEN": secrets.token_urlsafe()}
    shared_cache = {"REDIS_URL": redis_url}
    return [
        Cost("metrics", 0.95, metrics),
        Cost("tracing 10 %", 0.85, tracing),
        Cost("access log", 0.85, {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}),
        Cost("principals cached", 1.5, shared_cache),
        Cost("rate limits", 0.8, {"RATE_LIMIT_ENABLED": "true"}, beside=shared_cache),
    ]


def measure(
    project: Path,
    data: Path,
    *,
    rounds: int = 7,
    requests: int = 2000,
    progress: Callable[[str], None] = lambda _: None,
) -> list[CostFigure]:
    """`project` is rendered for PostgreSQL, with Redis, rate limits and both kinds of telemetry."""
    with ExitStack() as stack:
        quiet = {
            "DATABASE_URL": stack.enter_context(postgres.running(project)),
            "SECRET_KEY": secrets.token_urlsafe(48),
            **QUIET,
        }
        kinds = costs(
            stack.enter_context(collector.running()), stack.enter_context(redis.running(project))
        )
        pairs = [_pair(kind, quiet) for kind in kinds]
        servers = {
            settings: stack.enter_context(
                rendered(project, data, name=f"served-{number}", **dict(settings))
            )
            for number, settings in enumerate(dict.fromkeys(chain.from_iterable(pairs)))
        }
        clients = _clients(project, servers[pairs[0][0]])
        progress(f"costs: {rounds} rounds of {requests} requests")
        return _compared(dict(zip(kinds, pairs, strict=True)), servers, clients, rounds, requests)


def _clients(project: Path, server: Server) -> list[Request]:
    """A session each: what several ask of one session at once is read once."""
    password = secrets.token_urlsafe()
    tokens = [administrator(project, server, password)]
    tokens += [signed_in(server, "admin", password) for _ in range(CONNECTIONS - 1)]
    return [Request(ME, headers=(("authorization", f"Bearer {token}"),)) for token in tokens]


def _pair(kind: Cost, quiet: dict[str, str]) -> tuple[Settings, Settings]:
    """What a server is told without it, and with it."""
    without = quiet | kind.beside
    return frozenset(without.items()), frozenset((without | kind.settings).items())


def _compared(
    pairs: dict[Cost, tuple[Settings, Settings]],
    servers: dict[Settings, Server],
    clients: list[Request],
    rounds: int,
    requests: int,
) -> list[CostFigure]:
    def rates(count: int) -> dict[Settings, float]:
        """Of each server, one after the other: a slow minute hits them all."""
        return {
            settings: asyncio.run(load(server.port, *clients, requests=count)).requests_per_second
            for settings, server in servers.items()
        }

    rates(requests // 4)
    measured = [rates(requests) for _ in range(rounds)]
    return [
        CostFigure(
            kind,
            median(of_round[with_it] for of_round in measured),
            median(of_round[with_it] / of_round[without] for of_round in measured),
        )
        for kind, (without, with_it) in pairs.items()
    ]
