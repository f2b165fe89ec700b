"""Who a worker says it is: out of REDIS_URL, and followed once the server takes it."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from app.features.jobs.engines import login as module
from app.features.jobs.engines.login import RedisLogin
from app.features.jobs.settings import JobsSettings
from tests.features.redis.server import RedisServer


@pytest.mark.parametrize(
    ("credentials", "known"),
    [("", ()), (":p%40ss@", ("p@ss",)), ("ada:p%40ss@", ("ada", "p@ss"))],
)
def test_a_name_and_a_password_are_kept_apart_from_the_address(
    credentials: str, known: tuple[str, ...]
) -> None:
    login = RedisLogin(f"redis://{credentials}127.0.0.1:6379/2")

    assert login.get_credentials() == known
    assert login.url == "redis://127.0.0.1:6379/2"


def settings(url: str) -> JobsSettings:
    values: dict[str, Any] = {"redis_url": SecretStr(url)}
    return JobsSettings(**values)


async def test_another_password_waits_until_the_server_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROBE_EVERY_SECONDS", 0.01)
    server = RedisServer(requirepass="second")
    address = f"redis://:{{}}@127.0.0.1:{server.port}/0"
    login = RedisLogin(address.format("first"))
    try:
        async with login.opened(), asyncio.timeout(30):
            await login.follow(settings(address.format("second")))
            await asyncio.sleep(0.05)
            before = login.get_credentials()
            await asyncio.to_thread(server.start)
            while login.get_credentials() == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        server.stop()

    assert before == ("first",)
    assert login.get_credentials() == ("second",)


async def test_another_address_waits_for_the_next_start() -> None:
    login = RedisLogin("redis://:first@127.0.0.1:1/0")

    async with login.opened():
        await login.follow(settings("redis://:second@127.0.0.1:2/0"))

    assert login.get_credentials() == ("first",)
