"""Jobs by way of arq. Its messages are JSON, never pickles, and hold an id and nothing else.

A message may be lost or come twice: the table gives it again, and lets one run of it count.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func

from app.core.project import project
from app.features.jobs.engines.broker import Handle
from app.features.jobs.engines.login import RedisLogin, client
from app.features.jobs.engines.messages import messages
from app.features.jobs.settings import JobsSettings

log = structlog.get_logger("app.jobs")

TASK = "run"
POLL_SECONDS = 0.05
AGAIN_SECONDS = 1.0
SEND_SECONDS = 5.0
LONGEST_SECONDS = 24 * 3600
"""Of a message; each job has a timeout of its own, and a lease that says whether it is alive."""


class ArqBroker:
    def __init__(self, login: RedisLogin, settings: JobsSettings) -> None:
        self._settings = settings
        self._redis = _client(login)

    async def send(self, ids: Sequence[UUID]) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            for some in messages(ids):
                await self._redis.enqueue_job(TASK, *some)

    async def consume(self, handle: Handle) -> None:
        for name in ("arq.worker", "arq.connections"):
            logging.getLogger(name).setLevel(logging.WARNING)  # job.done says more
        begun: set[asyncio.Task[Any]] = set()
        try:
            while True:
                await self._consume(handle, begun)
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await self._finished({task for task in begun if not task.done()})
            await self._redis.aclose()

    async def _consume(self, handle: Handle, begun: set[asyncio.Task[Any]]) -> None:
        """Returns when the server is away."""

        async def run(_: dict[Any, Any], *ids: str) -> None:
            await handle(list(map(UUID, ids)))

        coroutine: Any = run  # its protocol wants *args and **kwargs of any kind
        worker = Worker(
            [func(coroutine, name=TASK, timeout=LONGEST_SECONDS, keep_result=0)],
            redis_pool=self._redis,
            queue_name=self._redis.default_queue_name,
            max_jobs=self._settings.jobs_concurrency,
            poll_delay=POLL_SECONDS,
            handle_signals=False,
            job_serializer=_dumped,
            job_deserializer=json.loads,
        )
        try:
            await worker.async_run()
        except Exception as error:  # the edge of a loop: it comes back when the server does
            log.warning("jobs.broker_unavailable", error=type(error).__name__)
        finally:
            if worker.main_task is not None:
                worker.main_task.cancel()
            for task in worker.tasks.values():
                begun.add(task)
                task.add_done_callback(lambda done: _retrieved(done, begun))

    async def _finished(self, begun: set[asyncio.Task[Any]]) -> None:
        if begun:
            _, late = await asyncio.wait(begun, timeout=self._settings.worker_shutdown_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _client(login: RedisLogin) -> ArqRedis:
    redis = client(login, ArqRedis)
    redis.job_serializer, redis.job_deserializer = _dumped, json.loads
    redis.default_queue_name = f"{project().name}:jobs"
    return redis


def _dumped(message: dict[str, Any]) -> bytes:
    return json.dumps(message, default=repr).encode()


def _retrieved(task: asyncio.Task[Any], begun: set[asyncio.Task[Any]]) -> None:
    """A message that could not be taken off the queue comes again, and then finds nothing to do."""
    begun.discard(task)
    if not task.cancelled():
        task.exception()
