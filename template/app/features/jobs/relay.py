"""Gives the broker what is due in the table, and the table what is due by a schedule."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import structlog

from app.features.jobs.schedule import Schedule
from app.features.jobs.store import BATCH, JobStore

log = structlog.get_logger("app.jobs")

type Send = Callable[[Sequence[UUID]], Awaitable[None]]


class Relay:
    """Several may work at once: what one has taken, no other sees."""

    def __init__(
        self, store: JobStore, schedule: Schedule, send: Send, *, poll_seconds: float | None
    ) -> None:
        """Without `poll_seconds` it looks only when it is woken."""
        self._store = store
        self._schedule = schedule
        self._send = send
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._at_rest = asyncio.Lock()
        self._last_problem: str | None = None
        self._has_begun = False

    async def wake(self) -> None:
        self._woken.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._work())
        try:
            yield
        finally:
            async with self._at_rest:  # no statement is interrupted
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _work(self) -> None:
        count = 0
        while True:
            if count < BATCH:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._poll_seconds)
            self._woken.clear()
            async with self._at_rest:
                count = await self._step()

    async def _step(self) -> int:
        try:
            if not self._has_begun:
                await self._schedule.begin()
                self._has_begun = True
            await self._schedule.enqueue_due()
            count = await self._pass_on()
        except Exception as error:  # the edge of a task: it goes on when everything is back
            self._note(f"{type(error).__name__}: {error}")
            return 0
        self._note(None)
        return count

    async def _pass_on(self) -> int:
        ids = await self._store.hand_over()
        if ids:
            try:
                await self._send(ids)
            except Exception:
                await self._store.hand_back(ids)
                raise
        return len(ids)

    def _note(self, problem: str | None) -> None:
        """A problem is told once, not at every attempt."""
        if problem is not None and problem != self._last_problem:
            log.warning("jobs.relay_failed", error=problem)
        self._last_problem = problem
