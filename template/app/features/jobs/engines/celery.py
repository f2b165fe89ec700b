"""Jobs by way of Celery. Its messages are JSON and hold an id and nothing else.

Celery is synchronous: its threads hand every job to the one event loop of this process, and wait.
A message may be lost or come twice: the table gives it again, and lets one run of it count.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from celery import Celery
from celery.worker import WorkController, state

from app.core.project import project
from app.features.jobs.engines.address import Sentinels, sentinels, timeouts
from app.features.jobs.engines.broker import Handle
from app.features.jobs.engines.login import RedisLogin
from app.features.jobs.engines.messages import messages
from app.features.jobs.settings import JobsSettings

log = structlog.get_logger("app.jobs")

TASK = "run"
AGAIN_SECONDS = 1.0
VISIBILITY_SECONDS = 3600
"""Of a message that was taken and not acknowledged; the table gives the job again long before."""


class CeleryBroker:
    def __init__(self, login: RedisLogin, settings: JobsSettings) -> None:
        self._settings = settings
        self._celery = Celery("jobs", set_as_current=False)
        self._celery.conf.update(_configuration(login.url))
        amqp = self._celery.amqp
        amqp.Connection = partial(amqp.Connection, credential_provider=login)

        def run(*ids: str) -> None:  # Celery looks for names, which a bound method hides
            self._run(list(map(UUID, ids)))

        self._task: Any = self._celery.task(name=TASK)(run)
        self._handle: Handle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Future[None]] = set()

    async def send(self, ids: Sequence[UUID]) -> None:
        await asyncio.to_thread(self._publish, ids)

    def _publish(self, ids: Sequence[UUID]) -> None:
        with self._celery.producer_pool.acquire(block=True) as producer:
            for some in messages(ids):
                self._task.apply_async(some, producer=producer, retry=False)

    async def consume(self, handle: Handle) -> None:
        logging.getLogger("celery").setLevel(logging.WARNING)  # job.done says more
        self._handle, self._loop = handle, asyncio.get_running_loop()
        state.should_stop = None
        working = asyncio.create_task(self._work())
        try:
            await asyncio.shield(working)
        finally:
            state.should_stop = 0
            await self._finished(working)

    async def _work(self) -> None:
        while state.should_stop is None:
            await asyncio.to_thread(self._serve)
            if state.should_stop is None:
                log.warning("jobs.broker_unavailable")
                await asyncio.sleep(AGAIN_SECONDS)

    def _serve(self) -> None:
        worker = WorkController(
            app=self._celery,
            pool_cls="threads",
            concurrency=self._settings.jobs_concurrency,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()

    def _run(self, ids: Sequence[UUID]) -> None:
        assert self._loop is not None  # noqa: S101
        with suppress(CancelledError):  # it was released, and comes again
            asyncio.run_coroutine_threadsafe(self._in_loop(ids), self._loop).result()

    async def _in_loop(self, ids: Sequence[UUID]) -> None:
        assert self._handle is not None  # noqa: S101
        task = asyncio.ensure_future(self._handle(ids))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await task

    async def _finished(self, working: asyncio.Task[None]) -> None:
        await asyncio.wait({working}, timeout=self._settings.worker_shutdown_seconds)
        while not working.done():
            for task in self._running:
                task.cancel()
            await asyncio.wait({working}, timeout=0.1)


def _configuration(url: str) -> dict[str, Any]:
    found = sentinels(url)
    return {
        "broker_url": _broker_url(found) if found else url,
        "broker_transport_options": timeouts()
        | {"visibility_timeout": VISIBILITY_SECONDS}
        | (_options(found) if found else {}),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_default_queue": f"{project().name}:jobs",
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        # Acknowledged once it has run, so that a lost worker's messages come again.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_enable_remote_control": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _broker_url(found: Sentinels) -> str:
    return ";".join(f"sentinel://{host}:{port}/{found.database}" for host, port in found.hosts)


def _options(found: Sentinels) -> dict[str, Any]:
    return {
        "master_name": found.master,
        "sentinel_kwargs": found.sentinel_options,
        **found.master_options,
    }
