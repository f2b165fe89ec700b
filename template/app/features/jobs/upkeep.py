"""Scheduled jobs that every service with jobs has."""

from datetime import timedelta

from sqlalchemy import delete, or_

from app.core import clock, registry
from app.features.jobs.cron import Cron
from app.features.jobs.models import JobStatus
from app.features.jobs.parts import Parts
from app.features.jobs.queue import Job, NoPayload, Run
from app.models.session import Session

KEPT = timedelta(days=30)
"""How long an ended session stays, for the investigation of an incident."""


async def _clean_sessions(run: Run, payload: NoPayload) -> None:
    before = clock.now() - KEPT
    is_over = or_(Session.expires_at < before, Session.ended_at < before)
    async with run.finishing() as session:
        await session.execute(delete(Session).where(is_over))


async def _purge(run: Run, payload: NoPayload) -> None:
    parts = registry.get(run.app, Parts)
    before = clock.now() - timedelta(days=parts.settings.jobs_retention_days)
    await parts.store.purge(JobStatus.DONE, before)


CLEAN_SESSIONS = Job(
    name="sessions.clean",
    payload=NoPayload,
    handler=_clean_sessions,
    schedule=Cron("10 3 * * *"),
)
PURGE = Job(name="jobs.purge", payload=NoPayload, handler=_purge, schedule=Cron("20 3 * * *"))
