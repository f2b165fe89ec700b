"""Background jobs in tests: those of a service, run to their end, and jobs of the tests' own."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select

from app.core import clock
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.queue import Job, JobQueue
from tests.support.service import Service

PATIENCE_SECONDS = 30


async def enqueued[P: BaseModel](service: Service, job: Job[P], payload: P, **options: Any) -> UUID:
    """Committed, as a request does it."""
    async with service.database.write() as session:
        return await JobQueue(service.database, session).enqueue(job, payload, **options)


async def row_of(service: Service, job_id: UUID) -> JobRow:
    async with service.database.read() as session:
        return (await session.scalars(select(JobRow).where(JobRow.id == job_id))).one()


async def drained(service: Service) -> None:
    """Returns once nothing runs and nothing is due any more."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await _active(service):  # noqa: ASYNC110 - a row of a table tells nobody
            await asyncio.sleep(0.005)


async def reached(service: Service, job_id: UUID, statuses: Sequence[JobStatus]) -> JobRow:
    """The job, once it is in one of these states."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (row := await row_of(service, job_id)).status not in statuses:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return row


async def _active(service: Service) -> int:
    is_due = (JobRow.status == JobStatus.WAITING) & (JobRow.run_at <= clock.now())
    active = select(func.count()).where(is_due | (JobRow.status == JobStatus.RUNNING))
    async with service.database.read() as session:
        return await session.scalar(active) or 0
