"""Development and tests have no Redis: jobs are run by the process that enqueues them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

DRAIN_SECONDS = 1.0
"""What runs longer at the end of the process is released, and run by the next one."""


class Drain:
    """A broker without a network."""

    def __init__(
        self, run: Callable[[Sequence[UUID]], Coroutine[Any, Any, None]], concurrency: int
    ) -> None:
        self._run = run
        self._concurrency = concurrency
        self._queue: asyncio.Queue[UUID] = asyncio.Queue()

    async def send(self, ids: Sequence[UUID]) -> None:
        for job_id in ids:
            self._queue.put_nowait(job_id)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        self._queue = asyncio.Queue()  # of this loop
        tasks = [asyncio.create_task(self._work()) for _ in range(self._concurrency)]
        try:
            yield
        finally:
            finished = asyncio.create_task(self._queue.join())
            await asyncio.wait({finished}, timeout=DRAIN_SECONDS)
            for task in (finished, *tasks):
                task.cancel()
            await asyncio.gather(finished, *tasks, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            job_id = await self._queue.get()
            try:
                await asyncio.create_task(self._run([job_id]))
            finally:
                self._queue.task_done()
