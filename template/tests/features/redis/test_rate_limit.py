"""Limits that all instances share, in one look at Redis, and go on without it."""

import asyncio

import pytest

from app.features.rate_limit.redis import RedisWindows
from app.features.rate_limit.windows import MemoryWindows, Window
from app.features.redis.client import RedisClient
from tests.features.redis.proxy import Proxy
from tests.features.redis.server import RedisServer
from tests.support.factories import logged_in
from tests.support.service import Start

ME = "/api/v1/users/me"
ON = {"rate_limit_enabled": True}


@pytest.fixture
def windows(link: RedisClient) -> RedisWindows:
    return RedisWindows(link, "test:", MemoryWindows())


def window(key: str = "a", amount: int = 3, seconds: int = 60) -> Window:
    return Window("test", key, amount, seconds)


async def remaining(windows: RedisWindows, *asked: Window) -> list[int]:
    return [verdict.remaining for verdict in await windows.hit(asked)]


async def test_hits_are_counted_and_refused(windows: RedisWindows) -> None:
    left = [(await remaining(windows, window()))[0] for _ in range(5)]
    [verdict] = await windows.hit([window()])

    assert left == [2, 1, 0, -1, -1]
    assert 58 < verdict.wait <= 60


async def test_a_hit_leaves_when_its_own_time_is_over(windows: RedisWindows) -> None:
    short = window(amount=2, seconds=1)
    await windows.hit([short])
    await asyncio.sleep(0.5)
    await windows.hit([short])
    [full] = await windows.hit([short])
    await asyncio.sleep(full.wait + 0.01)

    assert await remaining(windows, short) == [0]
    assert await remaining(windows, short) == [-1]


async def test_where_one_window_is_full_no_other_counts(windows: RedisWindows) -> None:
    narrow, wide = window("narrow", amount=1), window("wide")

    assert await remaining(windows, narrow, wide) == [0, 2]
    assert await remaining(windows, narrow, wide) == [-1, 2]
    assert await remaining(windows, wide) == [1]


async def test_what_is_over_is_not_kept(windows: RedisWindows, link: RedisClient) -> None:
    await windows.hit([window("gone", seconds=1)])
    [remaining_ms] = await link.call(("PTTL", "test:window:gone"))

    assert 0 < remaining_ms <= 1000


async def test_instances_share_a_limit(start: Start, redis_url: str) -> None:
    limited = ON | {"redis_url": redis_url, "rate_limit_default": "3/minute"}
    async with start(**limited) as one, start(**limited) as other:
        answers = [
            (await service.client.get("/nowhere")).status_code for service in (one, other) * 2
        ]

    assert answers == [404, 404, 404, 429]


async def test_all_limits_of_a_request_are_one_exchange(
    start: Start, redis_server: RedisServer
) -> None:
    with Proxy(redis_server.port).running() as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        async with start(**ON, redis_url=url) as service:
            header = (await logged_in(service)).header
            await service.client.get(ME, headers=header)
            before = proxy.chunks
            await service.client.get(ME, headers=header)

            assert proxy.chunks - before == 2  # the limits, and who the token belongs to


async def test_without_redis_the_process_counts_on(
    start: Start, redis_server: RedisServer, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    limited = ON | {"redis_url": redis_server.url, "rate_limit_default": "2/minute"}
    async with start(**limited, log_format="json") as service:
        assert (await service.client.get("/nowhere")).status_code == 404
        redis_server.kill()

        answers = [(await service.client.get("/nowhere")).status_code for _ in range(4)]

    assert answers == [404, 404, 429, 429]
    assert capfdbinary.readouterr().out.count(b"redis.unavailable") == 1
