"""How throughput grows: the same reads against more processes, and against larger pools."""

import asyncio
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from loadtests import machine, target
from loadtests.ratio import ME, Request, per_second

ROUNDS = 3
REQUESTS = 4000
CONNECTIONS = 32


def lines(
    database_url: str | None, process_counts: list[int], pool_sizes: list[int]
) -> Iterator[str]:
    """A table of Markdown, row by row; SQLite has no pool of a size."""
    password, key = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    yield f"Measured with {CONNECTIONS} connections on: {machine.facts()}"
    yield ""
    yield "| processes | connections of each pool | reads a second |"
    yield "|---|---|---|"
    for processes in process_counts:
        for size in pool_sizes if database_url else [0]:
            pool = {"DATABASE_POOL_SIZE": str(size)} if size else {}
            rate = _rate(database_url, password, processes, {"SECRET_KEY": key, **pool})
            yield f"| {processes} | {size or '-'} | {rate:.0f} |"


def _rate(
    database_url: str | None, password: str, processes: int, variables: dict[str, str]
) -> float:
    """The same database is served again, with its password and its key."""
    with (
        tempfile.TemporaryDirectory() as name,
        target.served(
            Path(name),
            processes=processes,
            database_url=database_url,
            password=password,
            variables=variables,
        ) as served,
    ):
        requests = [
            Request(url + ME, one.token) for one in served.people.people for url in served.urls
        ]
        rates = [
            asyncio.run(per_second(requests, count=REQUESTS, connections=CONNECTIONS))
            for _ in range(ROUNDS)
        ]
    return median(rates)
