"""Background jobs: kept in the database, handed to workers through Redis.

Without REDIS_URL, which only production needs, the serving process runs them itself.
"""

from collections.abc import AsyncIterator
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from app.core import clock
from app.core import lifespan
from app.core.config import Environment
from app.core.config import Settings
from app.core.cron import Cron
from app.core.database import Database
from app.core.job_row import JobStatus
from app.core.jobs import WAKE
from app.core.jobs import Job
from app.core.jobs import Run
from app.features.jobs.drain import Drain
from app.features.jobs.mail import SEND
from app.features.jobs.mail import JobOutbox
from app.features.jobs.relay import Relay
from app.features.jobs.runner import Runner
from app.features.jobs.schedule import Schedule
from app.features.jobs.settings import JobsSettings
from app.features.jobs.store import JobStore

DRAIN_POLL_SECONDS: float | None = 0.5
"""For what is due later; what is enqueued here wakes the drain at once."""


class Nothing(BaseModel):
    """The payload of a job that needs none."""


@dataclass(frozen=True)
class Parts:
    """What a process that runs jobs is made of; on the application as `app.state.jobs`."""

    app: FastAPI
    settings: JobsSettings
    jobs: tuple[Job[Any], ...]

    @property
    def store(self) -> JobStore:
        return JobStore(self._database)

    @property
    def schedule(self) -> Schedule:
        return Schedule(self._database, self.jobs)

    @property
    def runner(self) -> Runner:
        return Runner(self.app, self.jobs, self.store, self.settings.jobs_concurrency)

    @property
    def _database(self) -> Database:
        database: Database = self.app.state.database
        return database


def install(app: FastAPI, settings: Settings, jobs: Iterable[Job[Any]]) -> None:
    """Raises ValueError for two jobs of one name."""
    group = settings.group(JobsSettings)
    parts = Parts(app, group, (SEND, PURGE, *jobs))
    names = [job.name for job in parts.jobs]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two jobs are called {', '.join(sorted(doubled))}")
    app.state.jobs = parts
    app.state.outbox = JobOutbox(app.state.database, app.state.encryption)
    if group.redis_url is None:
        # The clock of a test may jump past every moment of a schedule.
        is_test = settings.runtime.environment is Environment.TEST
        schedule = Schedule(app.state.database, () if is_test else parts.jobs)
        lifespan.add(app, lambda: _drained(parts, schedule))


@asynccontextmanager
async def _drained(parts: Parts, schedule: Schedule) -> AsyncIterator[None]:
    database: Database = parts.app.state.database
    runner = parts.runner
    drain = Drain(runner.run, parts.settings.jobs_concurrency)
    relay = Relay(parts.store, schedule, drain.send, poll_seconds=DRAIN_POLL_SECONDS)
    database.session_info[WAKE] = relay.wake
    try:
        async with runner.renewing(), drain.working(), relay.working():
            yield
    finally:
        del database.session_info[WAKE]


async def _purge(run: Run, payload: Nothing) -> None:
    parts: Parts = run.app.state.jobs
    before = clock.now() - timedelta(days=parts.settings.jobs_retention_days)
    await parts.store.purge(JobStatus.DONE, before)


PURGE = Job(name="jobs.purge", payload=Nothing, handler=_purge, schedule=Cron("20 3 * * *"))
