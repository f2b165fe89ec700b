"""Work that no request waits for: bounded, in this process, finished before the process ends."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger("app.background")

DRAIN_SECONDS = 5.0

WORKERS = 6
"""What waits here ends in a mail, so that a mail server that is away delays nothing else."""

type Work = Callable[[], Awaitable[None]]


class Background:
    """A queue and a few tasks that empty it. What is submitted keeps the correlation id."""

    def __init__(self, *, workers: int = WORKERS, capacity: int = 1000) -> None:
        self._workers = workers
        self._capacity = capacity
        self._queue: asyncio.Queue[tuple[contextvars.Context, Work]] | None = None

    def submit(self, work: Work) -> bool:
        """False, and a line in the log, where the queue is full or the process is ending."""
        if self._queue is None or self._queue.full():
            log.error("background.refused")
            return False
        self._queue.put_nowait((contextvars.copy_context(), work))
        return True

    async def idle(self) -> None:
        """Returns once everything submitted so far, and what that submitted, is done."""
        if self._queue is not None:
            await self._queue.join()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._queue = asyncio.Queue(self._capacity)
        tasks = [asyncio.create_task(self._run(self._queue)) for _ in range(self._workers)]
        try:
            yield
        finally:
            await self._drain(self._queue, tasks)
            self._queue = None

    async def _drain(
        self,
        queue: asyncio.Queue[tuple[contextvars.Context, Work]],
        tasks: list[asyncio.Task[None]],
    ) -> None:
        finished = asyncio.create_task(queue.join())
        if not (await asyncio.wait({finished}, timeout=DRAIN_SECONDS))[0]:
            finished.cancel()
            log.error("background.abandoned", waiting=queue.qsize())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, queue: asyncio.Queue[tuple[contextvars.Context, Work]]) -> None:
        while True:
            context, work = await queue.get()
            try:
                await asyncio.create_task(self._guarded(work), context=context)
            finally:
                queue.task_done()

    async def _guarded(self, work: Work) -> None:
        try:
            await work()
        except Exception:  # the edge of a task: there is nobody to raise to
            log.exception("background.failed")
