"""Who a token belongs to is answered from Redis, and never for more than a second too long."""

import asyncio
import signal
import time
from collections.abc import Callable

import pytest

from app.core import instruments, registry
from app.core.instruments import Instruments
from app.core.settings import Settings
from app.features.redis import RedisClient
from tests.features.redis.proxy import Proxy
from tests.features.redis.server import RedisServer
from tests.support.factories import Tokens, logged_in, make_user, signed_in
from tests.support.service import Service, Start

ME = "/api/v1/users/me"
LOGOUT = "/api/v1/auth/logout"
BOUND_SECONDS = 1.0


class Requests(Instruments):
    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def cache_request(self, outcome: str) -> None:
        self.outcomes.append(outcome)


def noted_reads(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by the statement of every read without a transaction from now on."""
    reads: list[object] = []
    real = service.database.rows

    async def noted(statement: object, parameters: object) -> object:
        reads.append(statement)
        return await real(statement, parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(service.database, "rows", noted)
    return reads


async def status(service: Service, tokens: Tokens) -> int:
    return (await service.client.get(ME, headers=tokens.header)).status_code


async def test_a_second_request_asks_redis_and_not_the_database(
    start: Start, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(redis_url=redis_url) as service:
        instruments.add(requests := Requests())
        tokens = await logged_in(service)
        reads = noted_reads(service, monkeypatch)
        first = await service.client.get(ME, headers=tokens.header)
        second = await service.client.get(ME, headers=tokens.header)
        instruments.install(service.app, registry.get(service.app, Settings))

    assert first.json() == second.json()
    assert first.headers["ETag"] == second.headers["ETag"]
    assert len(reads) == 1
    assert requests.outcomes == ["miss", "hit"]


async def test_a_change_binds_on_the_next_request_of_every_instance(
    start: Start, redis_url: str
) -> None:
    async with start(redis_url=redis_url) as one, start(redis_url=redis_url) as other:
        admin = await logged_in(one, is_superuser=True)
        user = await make_user(one)
        tokens = await signed_in(one, user)
        assert [await status(one, tokens), await status(other, tokens)] == [200, 200]

        path = f"/api/v1/users/{user.id}/deactivate"
        await one.client.post(path, headers=admin.header)

        assert [await status(one, tokens), await status(other, tokens)] == [401, 401]


async def test_an_instance_that_was_not_told_goes_on_for_less_than_a_second(
    start: Start, redis_server: RedisServer
) -> None:
    """Redis is cut off from the writer only: the others keep what they read before."""
    with Proxy(redis_server.port).running() as proxy:
        cut_off = f"redis://127.0.0.1:{proxy.port}/0"
        async with start(redis_url=cut_off) as writer, start(redis_url=redis_server.url) as other:
            tokens = await logged_in(writer)
            assert await status(other, tokens) == 200
            proxy.cut()

            ended = await writer.client.post(LOGOUT, headers=tokens.header)
            revoked_at = time.monotonic()
            at_once = await status(writer, tokens)
            last_seen = await last_time_of_200(other, tokens)

    assert ended.status_code == 204
    assert at_once == 401
    assert last_seen - revoked_at <= BOUND_SECONDS


async def test_a_writer_that_hears_of_redis_again_does_not_believe_what_it_kept(
    start: Start, redis_server: RedisServer
) -> None:
    with Proxy(redis_server.port).running() as proxy:
        cut_off = f"redis://127.0.0.1:{proxy.port}/0"
        async with start(redis_url=cut_off) as writer, start(redis_url=redis_server.url) as other:
            tokens = await logged_in(writer)
            assert await status(other, tokens) == 200
            proxy.cut()
            await writer.client.post(LOGOUT, headers=tokens.header)
            proxy.mend()

            statuses = {await status(writer, tokens) for _ in range(20)}

    assert statuses == {401}


async def test_a_loader_that_was_overtaken_by_a_change_keeps_nothing(
    start: Start, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(redis_url=redis_url) as one, start(redis_url=redis_url) as other:
        tokens = await logged_in(one)
        read, go_on = asyncio.Event(), asyncio.Event()
        real = other.database.rows

        async def slow(statement: object, parameters: object) -> object:
            rows = await real(statement, parameters)  # type: ignore[arg-type]
            read.set()
            await go_on.wait()
            return rows

        monkeypatch.setattr(other.database, "rows", slow)
        overtaken = asyncio.create_task(status(other, tokens))
        await read.wait()
        await one.client.post(LOGOUT, headers=tokens.header)
        go_on.set()

        assert await overtaken == 200  # it was read before the logout
        assert [await status(one, tokens), await status(other, tokens)] == [401, 401]


@pytest.mark.parametrize(
    "fault",
    [
        RedisServer.kill,
        lambda server: server.signal(signal.SIGSTOP),
        lambda server: None,
    ],
    ids=["killed", "stopped", "flushed"],
)
async def test_a_revoked_token_stays_out_whatever_becomes_of_redis(
    start: Start, redis_server: RedisServer, fault: Callable[[RedisServer], None]
) -> None:
    async with start(redis_url=redis_server.url) as service:
        revoked, valid = await logged_in(service), await logged_in(service)
        assert [await status(service, tokens) for tokens in (revoked, valid)] == [200, 200]
        await service.client.post(LOGOUT, headers=revoked.header)
        await registry.get(service.app, RedisClient).call(("FLUSHALL",))
        fault(redis_server)

        statuses = [(await status(service, revoked), await status(service, valid)) for _ in "abc"]

    assert statuses == [(401, 200)] * 3


async def test_a_token_revoked_while_redis_is_stopped_stays_out_when_it_goes_on(
    start: Start, redis_server: RedisServer
) -> None:
    """What was sent to the stopped server is carried out late, and keeps nothing."""
    async with start(redis_url=redis_server.url) as service:
        tokens = await logged_in(service)
        redis_server.signal(signal.SIGSTOP)
        assert await status(service, tokens) == 200
        await service.client.post(LOGOUT, headers=tokens.header)
        redis_server.signal(signal.SIGCONT)

        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            assert await status(service, tokens) == 401
            await asyncio.sleep(0.02)


async def test_concurrent_requests_of_one_session_read_once(
    start: Start, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(redis_url=redis_url) as service:
        tokens = await logged_in(service)
        reads = noted_reads(service, monkeypatch)
        answers = await asyncio.gather(*(status(service, tokens) for _ in range(20)))

    assert answers == [200] * 20
    assert len(reads) == 1


async def last_time_of_200(service: Service, tokens: Tokens) -> float:
    """Just before the last request that was let in."""
    last, deadline = 0.0, time.monotonic() + 2 * BOUND_SECONDS
    while time.monotonic() < deadline:
        at = time.monotonic()
        if await status(service, tokens) == 401:
            break
        last = at
        await asyncio.sleep(0.01)
    return last
