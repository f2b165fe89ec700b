"""Logins by password: their rate by that of argon2 alone, and what others wait meanwhile.

Argon2 alone runs in a process as Python starts it; the service has the huge pages of its image.
"""

import asyncio
import json
import secrets
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import postgres, redis
from benchmarks.client import Request, Round, load
from benchmarks.run import administrator
from benchmarks.servers import HUGE_PAGES, WIDE, Server, kept, rendered

GOAL = 0.9
MOST_P99_MS = 250
CLIENTS = 4
PACE_SECONDS = 0.05
"""Between the requests of the other client, who is no load of its own."""
ALONE = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher

from app.core.security.passwords import ITERATIONS, MEMORY_KIB, PARALLELISM

hasher = PasswordHasher(ITERATIONS, MEMORY_KIB, PARALLELISM)
hashed, count = hasher.hash("plum otter violin seventy"), int(sys.argv[1])
with ThreadPoolExecutor(os.cpu_count()) as threads:
    started = time.perf_counter()
    list(threads.map(lambda _: hasher.verify(hashed, "plum otter violin seventy"), range(count)))
    print(count / (time.perf_counter() - started))
"""


@dataclass(frozen=True)
class LoginFigure:
    logins_per_second: float
    hashes_per_second: float
    hashes_in_huge_pages_per_second: float
    ratio: float
    """Median over the rounds of the ratio within a round."""
    other_p99_ms: float
    """Of GET /users/me by another client meanwhile; the best round's."""

    def line(self) -> str:
        return (
            f"logins       {CLIENTS} clients {self.logins_per_second:5.1f}/s   argon2 alone"
            f" {self.hashes_per_second:5.1f}/s (in huge pages"
            f" {self.hashes_in_huge_pages_per_second:5.1f}/s)"
            f"   ratio {self.ratio:.2f} (goal {GOAL:.2f})"
            f"   users/me meanwhile p99 {self.other_p99_ms:.0f} ms (most {MOST_P99_MS})"
        )


def measure(
    project: Path,
    data: Path,
    *,
    rounds: int = 5,
    logins: int = 200,
    progress: Callable[[str], None] = lambda _: None,
) -> LoginFigure:
    """`project` is a rendered and synced project for PostgreSQL."""
    progress(f"logins: {rounds} rounds of {logins}")
    with ExitStack() as stack:
        environment = {"DATABASE_URL": stack.enter_context(postgres.running(project))}
        if (project / "app" / "features" / "redis").exists():
            environment["REDIS_URL"] = stack.enter_context(redis.running(project))
        server = stack.enter_context(
            rendered(project, data, name="logins", RATE_LIMIT_AUTH=WIDE, **environment)
        )
        password = secrets.token_urlsafe()
        token = administrator(project, server, password)
        asyncio.run(_round(server, password, token, CLIENTS * 2))
        measured = [
            (asyncio.run(_round(server, password, token, logins)), _alone(project, logins))
            for _ in range(rounds)
        ]
    return LoginFigure(
        median(ours.requests_per_second for (ours, _), _ in measured),
        median(alone for _, alone in measured),
        _alone(project, logins, GLIBC_TUNABLES=HUGE_PAGES),
        median(ours.requests_per_second / alone for (ours, _), alone in measured),
        min(other.p99_ms for (_, other), _ in measured),
    )


async def _round(server: Server, password: str, token: str, logins: int) -> tuple[Round, Round]:
    """The logins, and what another client asked while they went on."""
    body = json.dumps({"username": "admin", "password": password})
    login = Request("/api/v1/auth/login", "POST", body=body)
    me = Request("/api/v1/users/me", headers=(("authorization", f"Bearer {token}"),))
    return await asyncio.gather(
        load(server.port, login, requests=logins, connections=CLIENTS),
        load(server.port, me, requests=logins // 2, connections=1, pause_seconds=PACE_SECONDS),
    )


def _alone(project: Path, count: int, **environment: str) -> float:
    python = str(project / ".venv" / "bin" / "python")
    command = [python, "-c", ALONE, str(count)]
    printed = subprocess.run(
        command,
        cwd=project,
        env=kept() | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return float(printed)
