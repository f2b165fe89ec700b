"""Connections whose request does not come, on a real socket in this process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Receive, Scope, Send

from app.core.http.connections import MAX_HEAD_BYTES, ConnectionSettings
from tests.support.raw_http import Connection, Head, connect
from tests.support.server import listening

HEAD_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 1
MOST = 10
PATIENCE_SECONDS = 10


async def answered(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture
async def url() -> AsyncIterator[str]:
    settings = ConnectionSettings(head_timeout_seconds=HEAD_SECONDS, max_connections=MOST)
    async with listening(answered, settings, keep_alive_seconds=KEEP_ALIVE_SECONDS) as url:
        yield url


async def ends_within(connection: Connection, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return not await connection.reader.read()
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    finally:
        connection.writer.close()


async def served(url: str) -> Connection:
    """A connection that has had an answer."""
    connection = await connect(url)
    status, _ = await connection.ask(Head(url, "/"))
    assert status == 204
    return connection


@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_head_that_does_not_end_has_its_time(url: str, sent: bytes, is_first: bool) -> None:
    connection = await (connect(url) if is_first else served(url))
    connection.writer.write(sent)

    assert await ends_within(connection, KEEP_ALIVE_SECONDS * 0.9)


async def test_a_head_has_so_many_bytes(url: str) -> None:
    connection = await connect(url)
    connection.writer.write(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 2 * MAX_HEAD_BYTES)

    assert await ends_within(connection, HEAD_SECONDS / 2)


async def test_an_empty_line_keeps_no_idle_connection(url: str) -> None:
    connection = await served(url)
    connection.writer.write(b"\r\n")

    assert await ends_within(connection, PATIENCE_SECONDS)


async def test_who_has_had_an_answer_makes_room_for_who_comes(url: str) -> None:
    idle = [await served(url) for _ in range(MOST)]

    newcomers = [await served(url) for _ in range(3)]

    assert all([await ends_within(one, KEEP_ALIVE_SECONDS / 2) for one in idle[:3]])
    for one in newcomers:
        one.writer.close()
    for one in idle[3:]:
        one.writer.close()
