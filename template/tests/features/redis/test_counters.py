"""Failed logins: counted in the database, answered from Redis, right without it."""

from datetime import timedelta

import pytest

from app.core import registry
from app.core.security.lockout import Counters
from tests.features.redis.proxy import Proxy
from tests.features.redis.server import RedisServer
from tests.support.service import Service, Start
from tests.support.time_travel import advance

LOGIN = "/api/v1/auth/login"
WRONG = {"username": "nobody", "password": "a wrong password"}
WINDOW = timedelta(minutes=5)


async def attempt(service: Service) -> int:
    return (await service.client.post(LOGIN, json=WRONG)).status_code


async def test_a_lock_holds_on_every_instance(start: Start, redis_url: str) -> None:
    limited = {"redis_url": redis_url, "login_failures_per_account": 2}
    async with start(**limited) as one, start(**limited) as other:
        answers = [await attempt(service) for service in (one, other, one, other)]

    assert answers == [401, 401, 429, 429]


async def test_a_locked_key_is_answered_without_the_database(
    start: Start, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(redis_url=redis_url) as writer, start(redis_url=redis_url) as other:
        await registry.get(writer.app, Counters).add(["key"], WINDOW)
        counters = registry.get(other.app, Counters)
        first = await counters.get(["key", "unknown"])

        def refuse() -> None:
            raise AssertionError("the database was asked")

        monkeypatch.setattr(other.database, "read", refuse)
        second = await counters.get(["key"])

    assert first.keys() == {"key"}
    assert first == second
    assert first["key"].value == 1


async def test_a_kept_count_ends_with_its_window(
    start: Start, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(redis_url=redis_url) as writer, start(redis_url=redis_url) as other:
        await registry.get(writer.app, Counters).add(["key"], WINDOW)
        counters = registry.get(other.app, Counters)
        assert (await counters.get(["key"])).keys() == {"key"}
        advance(monkeypatch, WINDOW)

        assert await counters.get(["key"]) == {}


async def test_a_success_is_seen_everywhere(start: Start, redis_url: str) -> None:
    async with start(redis_url=redis_url) as one, start(redis_url=redis_url) as other:
        await registry.get(one.app, Counters).add(["key"], WINDOW)
        assert await registry.get(other.app, Counters).get(["key"]) != {}
        await registry.get(one.app, Counters).reset("key")

        assert await registry.get(other.app, Counters).get(["key"]) == {}


async def test_a_lock_outlives_redis(start: Start, redis_server: RedisServer) -> None:
    limited = {"redis_url": redis_server.url, "login_failures_per_account": 2}
    async with start(**limited) as service:
        assert [await attempt(service) for _ in range(2)] == [401, 401]
        redis_server.kill()

        assert [await attempt(service) for _ in range(2)] == [429, 429]


async def test_without_redis_failures_are_counted_on(
    start: Start, redis_server: RedisServer
) -> None:
    with Proxy(redis_server.port).running() as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        async with start(redis_url=url, login_failures_per_account=2) as service:
            proxy.cut()

            assert [await attempt(service) for _ in range(3)] == [401, 401, 429]
