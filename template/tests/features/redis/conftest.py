"""Links to the server of this worker, which is empty at the start of each test."""

from collections.abc import AsyncIterator

import pytest
from redis import Redis

from app.features.redis import client as module
from app.features.redis.client import RedisClient

PATIENT_SECONDS = 1.0
"""For an answer that will come, on a machine that is busy with other tests."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", PATIENT_SECONDS)
    monkeypatch.setattr(module, "PROBE_EVERY_SECONDS", 0.02)


@pytest.fixture
def redis_url(redis_url: str) -> str:
    with Redis.from_url(redis_url) as client:
        client.flushdb()
    return redis_url


@pytest.fixture
async def link(redis_url: str) -> AsyncIterator[RedisClient]:
    link = RedisClient(redis_url)
    async with link.opened():
        yield link
