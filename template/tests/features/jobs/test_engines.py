"""What the engines share: the address of the broker, the login, and the messages."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from app.features.jobs.engines import login as login_module
from app.features.jobs.engines.address import sentinels
from app.features.jobs.engines.login import RedisLogin
from app.features.jobs.engines.messages import messages
from app.features.jobs.settings import JobsSettings
from tests.features.redis.server import RedisServer


def test_a_single_server_is_no_sentinel() -> None:
    assert sentinels("redis://:secret@127.0.0.1:6379/2") is None


@pytest.mark.parametrize("scheme", ["redis+sentinel", "rediss+sentinel"])
def test_sentinels_are_asked_with_their_own_password(scheme: str) -> None:
    found = sentinels(f"{scheme}://ada:p%40ss@a:1,b/main/3?sentinel_password=x&ssl_ca_certs=/ca")

    assert found is not None
    assert (found.hosts, found.master, found.database) == ([("a", 1), ("b", 26379)], "main", 3)
    assert found.sentinel_options["password"] == "x"
    assert found.master_options.get("ssl", False) is (scheme == "rediss+sentinel")
    assert ("ssl_ca_certs" in found.sentinel_options) is (scheme == "rediss+sentinel")
    assert {"password", "username"}.isdisjoint(found.master_options)


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
    monkeypatch.setattr(login_module, "PROBE_EVERY_SECONDS", 0.01)
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


@pytest.mark.parametrize(
    ("number", "sizes"),
    [(0, []), (1, [1]), (20, [1] * 20), (50, [3] * 16 + [2]), (200, [10] * 20)],
)
def test_a_message_holds_as_many_ids_as_others_can_spare(number: int, sizes: list[int]) -> None:
    ids = [uuid4() for _ in range(number)]

    found = list(messages(ids))

    assert [len(some) for some in found] == sizes
    assert [one for some in found for one in some] == [str(one) for one in ids]
