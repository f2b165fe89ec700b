"""Limits of bodies, in size, time and depth, and of the requests that are served at a time."""

import asyncio
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from pydantic import Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.http.errors import BodyError, problem
from app.core.http.guard import PROBES
from app.core.settings import Settings, SettingsGroup

MAX_DEPTH = 64
WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}
"""Usually; a body of theirs is counted all the same."""
TOO_LARGE = BodyError(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_too_large",
    "The body is larger than this service accepts.",
)
TOO_SLOW = BodyError(
    HTTPStatus.REQUEST_TIMEOUT,
    "body_too_slow",
    "The body did not arrive in time; send the request again.",
    headers={"Connection": "close"},
)


RETRY_AFTER_SECONDS = 1


class LimitSettings(SettingsGroup):
    max_body_bytes: int = Field(1_048_576, ge=1024)
    """A longer request body is 413."""
    body_timeout_seconds: float = Field(15, gt=0, le=600)
    """From the end of the headers to the end of the body; after it 408."""
    max_concurrent_requests: int = Field(256, ge=1)
    """One more is 503 with Retry-After."""


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(LimitSettings)
    app.add_middleware(
        BodyLimits, max_bytes=group.max_body_bytes, most_seconds=group.body_timeout_seconds
    )


def shed_load(app: FastAPI, settings: Settings) -> None:
    """Before other work is done for a request."""
    limit = settings.group(LimitSettings).max_concurrent_requests
    app.add_middleware(LoadShedding, max_concurrent=limit)


class BodyLimits:
    """JSON is handed on whole, once it has been seen to be JSON."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, most_seconds: float) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.most_seconds = most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        receive = self._counted(receive)
        if scope["method"] not in WITHOUT_BODY:
            headers = dict(scope["headers"])
            length = headers.get(b"content-length", b"0")
            if length.isdigit() and int(length) > self.max_bytes:
                refusal = problem(scope, TOO_LARGE.status_code, TOO_LARGE.code, TOO_LARGE.detail)
                await refusal(scope, receive, send)
                return
            if _is_json(headers.get(b"content-type", b"")):
                receive = _checked(receive)
        await self.app(scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        """A chunked body declares no length. What follows the body has no deadline."""
        total, is_whole = 0, False
        deadline = asyncio.get_running_loop().time() + self.most_seconds

        async def receive_counted() -> Message:
            nonlocal total, is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise TOO_SLOW from None
            is_whole = not message.get("more_body", False)
            total += len(message.get("body", b""))
            if total > self.max_bytes:
                raise TOO_LARGE
            return message

        return receive_counted


class LoadShedding:
    """Refuses more load than the process can serve, which a queue would only delay."""

    def __init__(self, app: ASGIApp, *, max_concurrent: int) -> None:
        self.app = app
        self.max_concurrent = max_concurrent
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
        elif self.running >= self.max_concurrent:
            refusal = problem(
                scope,
                HTTPStatus.SERVICE_UNAVAILABLE,
                "overloaded",
                "More requests are running than this process serves; try again.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            await refusal(scope, receive, send)
        else:
            self.running += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.running -= 1


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")


def _checked(receive: Receive) -> Receive:
    is_whole = False

    async def receive_checked() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        chunks, has_more = bytearray(), True
        while has_more:
            message = await receive()
            if message["type"] != "http.request":  # the client left before the end
                return message
            chunks += message.get("body", b"")
            has_more = message.get("more_body", False)
        is_whole, body = True, bytes(chunks)
        if body.strip() and (reason := _reason_against(body)):
            raise BodyError(HTTPStatus.BAD_REQUEST, "json_invalid", reason)
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_checked


def _reason_against(body: bytes) -> str | None:
    """orjson knows neither NaN nor infinities, and refuses lone surrogates."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "The body is not JSON."
    may_be_deep = body.count(b"[") + body.count(b"{") > MAX_DEPTH
    if may_be_deep and _is_deeper(value, MAX_DEPTH):
        return f"The body nests more than {MAX_DEPTH} levels."
    return None


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    members = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(member, levels - 1) for member in members)
