"""Interleaved rounds over both servers; `uv run python -m benchmarks` prints the report."""

import asyncio
import json
import secrets
import subprocess
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import postgres, redis
from benchmarks.client import Request, Round, load
from benchmarks.scenarios import LISTED_USERS, NEW_USER, ON_POSTGRES, WITHOUT_DATABASE, Scenario
from benchmarks.servers import Server, bare, rendered


@dataclass(frozen=True)
class Figure:
    scenario: Scenario
    rendered: Round
    bare: Round
    ratio: float
    """Median over the rounds of the ratio within a round, so that a slow minute hits both."""
    rss_mb: float
    seconds_to_first_answer: float
    bare_seconds_to_first_answer: float

    def line(self) -> str:
        return (
            f"{self.scenario.name:<12} rendered {self.rendered.requests_per_second:7.0f}/s"
            f" p99 {self.rendered.p99_ms:6.1f} ms   bare {self.bare.requests_per_second:7.0f}/s"
            f" p99 {self.bare.p99_ms:6.1f} ms   ratio {self.ratio:.2f}"
            f" (goal {self.scenario.goal:.2f})   RSS {self.rss_mb:.0f} MB"
            f"   first answer {self.seconds_to_first_answer:.2f} s"
            f" (bare {self.bare_seconds_to_first_answer:.2f} s)"
        )


def measure(
    project: Path,
    data: Path,
    *,
    rounds: int = 5,
    requests: int = 8000,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Figure]:
    """`project` is a rendered and synced project; `data` an empty directory for its files.

    The database scenarios run where the project was rendered for PostgreSQL.
    """
    scenarios: tuple[Scenario, ...] = WITHOUT_DATABASE
    environment: dict[str, str] = {}
    with ExitStack() as stack:
        if (project / "app" / "core" / "database" / "postgres.py").exists():
            scenarios += ON_POSTGRES
            environment["DATABASE_URL"] = stack.enter_context(postgres.running(project))
        if (project / "app" / "features" / "redis").exists():
            environment["REDIS_URL"] = stack.enter_context(redis.running(project))
        environment["SECRET_KEY"] = secrets.token_urlsafe(48)
        ours = stack.enter_context(rendered(project, data, **environment))
        theirs = stack.enter_context(bare(project, data, **environment))
        token = administrator(project, ours)
        asyncio.run(load(ours.port, _new_user(token), requests=LISTED_USERS, connections=4))
        figures = []
        for scenario in scenarios:
            progress(f"{scenario.name}: {rounds} rounds of {requests} requests")
            figures.append(_measure(scenario.with_token(token), ours, theirs, rounds, requests))
    return figures


def _measure(
    scenario: Scenario, ours: Server, theirs: Server, rounds: int, requests: int
) -> Figure:
    def pair(count: int) -> tuple[Round, Round]:
        return (
            asyncio.run(load(ours.port, scenario.request, requests=count)),
            asyncio.run(load(theirs.port, scenario.bare, requests=count)),
        )

    pair(requests // 8)
    pairs = [pair(requests) for _ in range(rounds)]
    return Figure(
        scenario,
        _median_round([one for one, _ in pairs]),
        _median_round([other for _, other in pairs]),
        median(one.requests_per_second / other.requests_per_second for one, other in pairs),
        ours.rss_mb,
        ours.seconds_to_first_answer,
        theirs.seconds_to_first_answer,
    )


def administrator(project: Path, server: Server, password: str | None = None) -> str:
    """An access token of a new superuser."""
    password = password or secrets.token_urlsafe()
    command = [str(project / ".venv" / "bin" / "app"), "init-admin", "--password-stdin"]
    subprocess.run(
        [*command, "--email", "admin@example.com", "--username", "admin"],
        cwd=project,
        env=server.environment,
        input=password.encode(),
        check=True,
        capture_output=True,
    )
    return signed_in(server, "admin", password)


def signed_in(server: Server, username: str, password: str) -> str:
    """An access token of a new session."""
    login = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/v1/auth/login",
        json.dumps({"username": username, "password": password}).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(login) as answer:  # noqa: S310
        token: str = json.load(answer)["access_token"]
    return token


def _new_user(token: str) -> Request:
    header = ("authorization", f"Bearer {token}")
    return Request("/api/v1/users", "POST", headers=(header,), body=NEW_USER)


def _median_round(rounds: list[Round]) -> Round:
    return sorted(rounds, key=lambda figure: figure.requests_per_second)[len(rounds) // 2]
