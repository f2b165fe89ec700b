"""What opens at start and closes, in reverse order, at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI

from app.core import registry

type Part = Callable[[], AbstractAsyncContextManager[None]]


class LifespanParts(list[Part]):
    """What opens at start, in order."""


def add(app: FastAPI, part: Part) -> None:
    _parts(app).append(part)


@asynccontextmanager
async def run(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for part in _parts(app):
            await stack.enter_async_context(part())
        yield


@asynccontextmanager
async def repeated(work: Callable[[], Awaitable[None]], seconds: float) -> AsyncIterator[None]:
    """Does the work again and again meanwhile; the first time after so many seconds."""

    async def repeat() -> None:
        while True:
            await asyncio.sleep(seconds)
            await work()

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _parts(app: FastAPI) -> LifespanParts:
    parts = registry.find(app, LifespanParts)
    return registry.add(app, LifespanParts, LifespanParts()) if parts is None else parts
