"""Requests that no proper HTTP client would send."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.types import Message

type RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def send(
    app: FastAPI,
    target: str,
    headers: RawHeaders,
    *,
    method: str = "GET",
    chunks: Iterable[bytes] = (b"",),
) -> Answer:
    """`target` is what stands on the request line: a path, percent-encoded, and a query."""
    raw_path, _, query = target.encode().partition(b"?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path.decode()),  # as uvicorn does
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }
    body = list(chunks)
    sent: list[Message] = []

    async def receive() -> Message:
        if not body:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body.pop(0), "more_body": bool(body)}

    async def collect(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, collect)
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], names, b"".join(part.get("body", b"") for part in sent[1:]))
