"""`uv run python -m benchmarks.compare OLD NEW`: two rendered projects side by side.

Both are projects for PostgreSQL after `uv sync`, each served by its own environment in front of a
database of its own. A round asks the one and then the other, so that a slow minute hits both.
"""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import postgres, redis
from benchmarks.client import Request, load
from benchmarks.run import administrator
from benchmarks.scenarios import LISTED_USERS, LIVENESS, NEW_USER
from benchmarks.servers import WIDE, Server, rendered

GOAL = 0.95
ROUNDS = 5


@dataclass(frozen=True)
class Comparison:
    name: str
    old_per_second: list[float]
    new_per_second: list[float]

    @property
    def ratios(self) -> list[float]:
        return [
            new / old for old, new in zip(self.old_per_second, self.new_per_second, strict=True)
        ]

    def line(self) -> str:
        return (
            f"{self.name:<12} old {median(self.old_per_second):7.0f}/s"
            f"   new {median(self.new_per_second):7.0f}/s   ratio {median(self.ratios):.2f}"
            f" ({min(self.ratios):.2f} to {max(self.ratios):.2f}, goal {GOAL:.2f})"
        )


@dataclass(frozen=True)
class Side:
    server: Server
    token: str
    password: str

    def requests(self, name: str) -> Request:
        header = ("authorization", f"Bearer {self.token}")
        login = json.dumps({"username": "admin", "password": self.password})
        return {
            "liveness": LIVENESS,
            "users/me": Request("/api/v1/users/me", headers=(header,)),
            "users list": Request("/api/v1/users/?limit=20", headers=(header,)),
            "users create": Request("/api/v1/users", "POST", headers=(header,), body=NEW_USER),
            "logins": Request("/api/v1/auth/login", "POST", body=login),
        }[name]


SCENARIOS = {
    "liveness": (8000, 32),
    "users/me": (4000, 32),
    "users list": (2000, 32),
    "users create": (1500, 32),
    "logins": (120, 8),
}
"""Requests of a round, and the connections that send them."""


def compare(
    old: Path, new: Path, data: Path, *, progress: Callable[[str], None] = lambda _: None
) -> list[Comparison]:
    with ExitStack() as stack:
        sides = [_side(stack, project, data / name) for name, project in _named(old, new)]
        return [_compared(name, sides, progress) for name in SCENARIOS]


def _named(old: Path, new: Path) -> list[tuple[str, Path]]:
    return [("old", old), ("new", new)]


def _side(stack: ExitStack, project: Path, data: Path) -> Side:
    data.mkdir()
    environment = {"DATABASE_URL": stack.enter_context(postgres.running(project))}
    if (project / "app" / "features" / "redis").exists():
        environment["REDIS_URL"] = stack.enter_context(redis.running(project))
    server = stack.enter_context(rendered(project, data, RATE_LIMIT_AUTH=WIDE, **environment))
    password = secrets.token_urlsafe()
    side = Side(server, administrator(project, server, password), password)
    create = side.requests("users create")
    asyncio.run(load(server.port, create, requests=LISTED_USERS, connections=4))
    return side


def _compared(name: str, sides: list[Side], progress: Callable[[str], None]) -> Comparison:
    count, connections = SCENARIOS[name]
    progress(f"{name}: {ROUNDS} rounds of {count} requests")

    def rate(side: Side, requests: int) -> float:
        request = side.requests(name)
        work = load(side.server.port, request, requests=requests, connections=connections)
        return asyncio.run(work).requests_per_second

    for side in sides:
        rate(side, max(count // 8, connections))
    rounds = [[rate(side, count) for side in sides] for _ in range(ROUNDS)]
    return Comparison(name, [old for old, _ in rounds], [new for _, new in rounds])


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory() as data:
        old, new = (Path(argument).resolve() for argument in sys.argv[1:])
        for comparison in compare(old, new, Path(data), progress=print):
            print(comparison.line())


if __name__ == "__main__":
    main()
