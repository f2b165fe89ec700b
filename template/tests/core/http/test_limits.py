"""Bodies of requests: each has a size and a time."""

import asyncio
import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.core.http.errors import BodyError
from app.core.http.limits import BodyLimits
from tests.support import asgi
from tests.support.raw_http import Head, connect
from tests.support.server import serving
from tests.support.service import Service, Start

LOGIN = "/api/v1/auth/login"
SECONDS = 0.1
FIRST: Message = {"type": "http.request", "body": b"{", "more_body": True}
LAST: Message = {"type": "http.request", "body": b"}", "more_body": False}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (LOGIN, b"application/json"),
        ("/api/v1/auth/token", b"application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("chunks", [[b"[" * 65_536] * 17, [b""]])
async def test_a_body_over_the_bound_is_refused(
    service: Service, path: str, kind: bytes, chunks: list[bytes]
) -> None:
    """Whether it says its length, or is counted as it arrives."""
    headers = [(b"host", b"service.test"), (b"content-type", kind)]
    if len(chunks) == 1:
        headers.append((b"content-length", b"1048577"))

    answer = await asgi.send(service.app, path, headers, method="POST", chunks=chunks)

    assert answer.status == json.loads(answer.body)["status"] == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_bound_is_a_setting(start: Start) -> None:
    async with start(max_body_bytes=1024) as service:
        answers = [
            await service.client.post(LOGIN, json={"username": "a", "password": "b" * length})
            for length in (1024, 1)
        ]

    assert [answer.status_code for answer in answers] == [413, 401]


def scope(method: str, media_type: bytes) -> Scope:
    return {"type": "http", "method": method, "headers": [(b"content-type", media_type)]}


async def unsent(message: Message) -> None:
    raise AssertionError(message)


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("media_type", [b"application/json", b"text/plain"])
async def test_it_has_a_time(method: str, media_type: bytes) -> None:
    coming = [FIRST]

    async def receive() -> Message:
        if coming:
            return coming.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass

    limits = BodyLimits(reading, max_bytes=100, most_seconds=SECONDS)

    with pytest.raises(BodyError) as refused:
        async with asyncio.timeout(10):
            await limits(scope(method, media_type), receive, unsent)

    assert (refused.value.status_code, refused.value.code) == (408, "body_too_slow")


async def test_what_follows_a_body_takes_its_time() -> None:
    coming = [LAST, FIRST]

    async def receive() -> Message:
        if not coming:
            await asyncio.sleep(2 * SECONDS)
            return {"type": "http.disconnect"}
        return coming.pop()

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request":
            pass
        seen.append(message["type"])

    seen: list[str] = []
    limits = BodyLimits(listening, max_bytes=100, most_seconds=SECONDS)

    await limits(scope("POST", b"text/plain"), receive, unsent)

    assert seen == ["http.disconnect"]


def test_a_served_one_is_refused_and_its_connection_closed(database_url: str) -> None:
    async def scenario(url: str) -> tuple[int, bytes]:
        connection = await connect(url)
        head = Head(url, "/api/v1/auth/refresh", method="POST", body_bytes=50)
        status, _ = await connection.ask(head)
        rest = await connection.reader.read()
        connection.writer.close()
        return status, rest

    with serving(database_url, BODY_TIMEOUT_SECONDS="0.5") as server:
        status, rest = asyncio.run(scenario(server.url))

    assert (status, rest) == (408, b"")
