"""Commands are sent together and answered in bounded time, or not sent at all."""

import asyncio
import signal
import time

import pytest
from pydantic import SecretStr

from app.features.redis import client as module
from app.features.redis.client import RedisClient, RedisUnavailable
from app.features.redis.settings import RedisSettings
from tests.features.redis.proxy import Proxy
from tests.features.redis.server import RedisServer
from tests.support.service import Start


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is shipped."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)


async def back(link: RedisClient) -> None:
    """Waits until a probe has been answered."""
    async with asyncio.timeout(10):
        while True:
            try:
                await link.ping()
            except RedisUnavailable:
                await asyncio.sleep(0.01)
            else:
                return


async def seconds_of(link: RedisClient) -> float:
    started = time.monotonic()
    with pytest.raises(RedisUnavailable):
        await link.ping()
    return time.monotonic() - started


async def test_each_caller_gets_its_own_answers(link: RedisClient) -> None:
    calls = [link.call(("SET", f"k{n}", n), ("GET", f"k{n}")) for n in range(300)]

    answers = await asyncio.gather(*calls)

    assert [int(value) for _, value in answers] == list(range(300))


async def test_what_waits_goes_out_together(redis_server: RedisServer) -> None:
    with Proxy(redis_server.port).running() as proxy:
        link = RedisClient(f"redis://127.0.0.1:{proxy.port}/0")
        async with link.opened():
            before = proxy.chunks
            await asyncio.gather(*(link.call(("PING",)) for _ in range(100)))

            assert proxy.chunks - before <= 4


def at(url: str) -> RedisSettings:
    return RedisSettings(_env_file=None, redis_url=SecretStr(url))


async def test_another_password_is_used_from_when_the_server_takes_it() -> None:
    server = RedisServer(requirepass="first")
    server.start()
    url = f"redis://:{{}}@127.0.0.1:{server.port}/0"
    try:
        async with (
            (link := RedisClient(url.format("first"))).opened(),
            (admin := RedisClient(url.format("first"))).opened(),
        ):
            await link.follow(at(url.format("never")))
            await link.follow(at(url.format("second")))
            await link.ping()
            await admin.call(("CONFIG", "SET", "requirepass", "second"))
            await link.ping()
            async with asyncio.timeout(20):
                while link._url != url.format("second"):
                    await link.ping()
            await link.ping()
            await link.follow(at(url.format("second")))
    finally:
        server.stop()


async def test_a_caller_that_leaves_takes_nobody_with_it(link: RedisClient) -> None:
    leaving = asyncio.create_task(link.ping())
    staying = asyncio.create_task(link.call(("PING",)))
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying in ([b"PONG"], [True])


async def test_a_server_that_is_gone_is_away_at_once_and_found_again(
    redis_server: RedisServer,
) -> None:
    link = RedisClient(redis_server.url)
    async with link.opened():
        await link.ping()
        redis_server.kill()

        assert await seconds_of(link) < 0.5
        assert await seconds_of(link) < 0.05
        redis_server.start()
        await back(link)


@pytest.mark.usefixtures("impatient")
async def test_a_stopped_server_costs_a_tenth_of_a_second_once(redis_server: RedisServer) -> None:
    link = RedisClient(redis_server.url)
    async with link.opened():
        redis_server.signal(signal.SIGSTOP)

        assert 0.05 < await seconds_of(link) < 0.5
        assert await seconds_of(link) < 0.05
        redis_server.signal(signal.SIGCONT)
        await back(link)
        assert await link.call(("ECHO", "mine")) == [b"mine"]


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_is_slow_is_not_asked_again(redis_server: RedisServer) -> None:
    with Proxy(redis_server.port).running() as proxy:
        link = RedisClient(f"redis://127.0.0.1:{proxy.port}/0")
        async with link.opened():
            proxy.delay_seconds = 0.3
            await seconds_of(link)
            waits = [await seconds_of(link) for _ in range(10)]

            assert max(waits) < 0.05
            proxy.delay_seconds = 0
            await back(link)


async def test_a_server_that_refuses_a_command_is_away(redis_server: RedisServer) -> None:
    link = RedisClient(redis_server.url)
    async with link.opened():
        await link.call(("CONFIG", "SET", "maxmemory", "1"))

        with pytest.raises(RedisUnavailable):
            await link.call(("SET", "key", "value"))


async def test_a_server_that_comes_late_is_found(redis_server: RedisServer) -> None:
    redis_server.kill()
    link = RedisClient(redis_server.url)
    async with link.opened():
        await seconds_of(link)
        redis_server.start()

        await back(link)


async def test_readiness_names_it_and_stays_ready_without_it(
    start: Start, redis_server: RedisServer
) -> None:
    async with start(redis_url=redis_server.url) as service:
        healthy = (await service.client.get("/api/v1/health/readiness")).json()
    redis_server.kill()
    async with start(redis_url=redis_server.url) as service:
        degraded = await service.client.get("/api/v1/health/readiness")

    assert healthy["checks"]["redis"]["status"] == "healthy"
    assert degraded.status_code == 200
    assert degraded.json()["status"] == "degraded"
    assert degraded.json()["checks"]["redis"] == {
        "status": "unhealthy",
        "critical": False,
        "response_time_ms": degraded.json()["checks"]["redis"]["response_time_ms"],
    }
