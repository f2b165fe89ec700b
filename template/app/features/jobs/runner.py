"""Runs one attempt of a job and records what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from fastapi import FastAPI

from app.core import clock, instruments, request_info
from app.core.request_info import RequestInfo
from app.features.jobs.claims import Batch, ClaimWindow
from app.features.jobs.models import JobRow
from app.features.jobs.queue import CORRELATION_ID, GiveUpError, Job, LeaseLostError, Run
from app.features.jobs.store import Claim, JobStore

log = structlog.get_logger("app.jobs")

RENEW_SECONDS = 5.0
HELD_SECONDS = 2.0
"""So long a claimed job waits for others here to end; then whoever is idle may have it."""
UNKNOWN_ATTEMPTS = 10
"""Of a job that this code does not know: newer code may, while a release rolls out."""
UNKNOWN_DELAY = timedelta(seconds=30)


class Runner:
    def __init__(
        self, app: FastAPI, jobs: Iterable[Job[Any]], store: JobStore, concurrency: int
    ) -> None:
        self._app = app
        self._jobs = {job.name: job for job in jobs}
        self._store = store
        self._claim = Batch(store.claim)
        self._finish = Batch(store.finish)
        self._release = Batch(store.release)
        self._window = ClaimWindow(concurrency)
        self._slots = asyncio.Semaphore(concurrency)
        self._running: set[Claim] = set()
        self._unbegun: list[UUID] = []
        self._is_stopping = False
        self._at_rest = asyncio.Lock()

    async def run(self, ids: Sequence[UUID]) -> None:
        """Does nothing for a job that is done, not due, or run by somebody else."""
        await asyncio.gather(*(self._run(job_id) for job_id in ids))

    def stop(self) -> None:
        """Nothing is begun any more; what has begun goes on."""
        self._is_stopping = True

    async def _run(self, job_id: UUID) -> None:
        async with AsyncExitStack() as held:
            await self._window.enter()
            held.callback(self._window.leave)
            try:
                row = None if self._is_stopping else await self._claim(job_id)
                if row is not None:
                    await self._attempt(row, held)
                elif self._is_stopping:
                    self._unbegun.append(job_id)
            except Exception:  # the edge of a worker: the job's lease ends, and it is run again
                log.exception("job.unrecorded", job_id=str(job_id))

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Keeps what runs here from being taken for lost."""
        task = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            async with self._at_rest:  # no statement is interrupted
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._claim.at_rest()
            await self._finish.at_rest()
            await self._release.at_rest()
            await self._return_unbegun()

    async def _return_unbegun(self) -> None:
        if self._unbegun:
            try:
                await self._store.hand_back(self._unbegun)
            except Exception as error:  # the edge of the process: they come again by themselves
                log.warning("jobs.not_handed_back", error=type(error).__name__)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                async with self._at_rest:
                    if self._running:
                        await self._store.renew(list(self._running))
            except Exception as error:  # the edge of a task: the next round may succeed
                log.warning("jobs.lease_not_renewed", error=type(error).__name__)

    async def _attempt(self, row: JobRow, held: AsyncExitStack) -> None:
        claim = (row.id, row.lease)
        correlation_id = row.carrier.get(CORRELATION_ID)
        request_info.set_current(RequestInfo(correlation_id=correlation_id))
        known = {"job": row.name, "job_id": str(row.id)}
        if correlation_id:
            known[CORRELATION_ID] = correlation_id
        self._running.add(claim)
        try:
            if not await self._began(held):
                await self._release(claim)
                return
            with (
                structlog.contextvars.bound_contextvars(**known),
                instruments.continued(f"job {row.name}", row.carrier),
            ):
                await self._record(row, claim, held)
        except asyncio.CancelledError:
            await asyncio.shield(self._release(claim))
            raise
        finally:
            self._running.discard(claim)

    async def _began(self, held: AsyncExitStack) -> bool:
        """False for what would wait here too long: another worker may be idle."""
        try:
            async with asyncio.timeout(HELD_SECONDS):
                await held.enter_async_context(self._slots)
        except TimeoutError:
            self._window.took(HELD_SECONDS)
            return False
        return not self._is_stopping

    async def _record(self, row: JobRow, claim: Claim, held: AsyncExitStack) -> None:
        started = time.perf_counter()
        job = self._jobs.get(row.name)
        try:
            await self._handle(job, row, held)
        except LeaseLostError:
            log.warning("job.taken_over")
            return
        except Exception as error:  # the edge of a handler: whatever it is, the attempt failed
            await self._failed(job, row, claim, error, time.perf_counter() - started)
            return
        seconds = time.perf_counter() - started
        instruments.job_finished(row.name, "success", seconds)
        log.info("job.done", attempt=row.attempts, duration_ms=round(seconds * 1000, 3))

    async def _handle(self, job: Job[Any] | None, row: JobRow, held: AsyncExitStack) -> None:
        if job is None:
            raise LookupError(f"no job is called {row.name}")
        if row.attempts > job.max_attempts:
            raise GiveUpError("its worker was lost at its last attempt")
        run = Run(self._app, row)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(job.timeout_seconds):
                await job.handler(run, job.payload.model_validate(row.payload))
        finally:
            self._window.took(time.perf_counter() - started)
        await held.aclose()  # the next one may begin while this one's end is written
        if not run.is_finished and not await self._finish((row.id, row.lease)):
            raise LeaseLostError(str(row.id))

    async def _failed(
        self, job: Job[Any] | None, row: JobRow, claim: Claim, error: Exception, seconds: float
    ) -> None:
        described = f"{type(error).__name__}: {error}"
        most = job.max_attempts if job else UNKNOWN_ATTEMPTS
        if isinstance(error, GiveUpError) or row.attempts >= most:
            await self._store.bury(claim, described)
            instruments.job_finished(row.name, "failure", seconds)
            log.error("job.dead", attempt=row.attempts, error=type(error).__name__)
            return
        delay = timedelta(seconds=job.delay_seconds(row.attempts)) if job else UNKNOWN_DELAY
        await self._store.retry(claim, described, clock.now() + delay)
        instruments.job_finished(row.name, "retry", seconds)
        log.warning("job.failed", attempt=row.attempts, error=type(error).__name__)
