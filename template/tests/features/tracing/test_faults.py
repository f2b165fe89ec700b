"""A served process whose collector takes the connection and never answers."""

import asyncio
import time
from pathlib import Path
from statistics import quantiles

import httpx2
import pytest
from sqlalchemy.engine import make_url

from app.core.database import migrations
from tests.features.tracing.collector import black_hole, collecting
from tests.support.databases import sqlite_url
from tests.support.server import serving

pytestmark = [pytest.mark.fault, pytest.mark.alone]

ROUNDS = 10
REQUESTS = 250
ME = "/api/v1/users/me"
MOST = 1.05
NOISE_SECONDS = 0.003
"""What a shared machine adds to one slow request in a hundred."""


def test_a_dead_collector_changes_no_latency_and_no_exit(tmp_path: Path) -> None:
    database_url = sqlite_url(tmp_path / "app.db")
    asyncio.run(migrations.upgrade(make_url(database_url)))
    with (
        collecting() as alive,
        black_hole() as dead,
        serving(database_url, OTEL_EXPORTER_OTLP_ENDPOINT=alive.url) as with_it,
        serving(database_url, OTEL_EXPORTER_OTLP_ENDPOINT=dead) as without,
    ):
        rounds = [(p99(with_it.url), p99(without.url)) for _ in range(ROUNDS)]
        stopping = time.monotonic()
        status = without.stop()
        stopped = time.monotonic() - stopping

    usual, dark = min(one for one, _ in rounds), min(other for _, other in rounds)
    assert alive.spans
    assert dark <= MOST * usual + NOISE_SECONDS
    assert status in {0, -15}
    assert stopped <= 25


def p99(url: str) -> float:
    """Seconds; a 401 is a request as any other, and sampled."""
    seconds = []
    with httpx2.Client(base_url=url) as client:
        for _ in range(REQUESTS):
            started = time.perf_counter()
            assert client.get(ME).status_code == 401
            seconds.append(time.perf_counter() - started)
    return quantiles(seconds, n=100)[98]
