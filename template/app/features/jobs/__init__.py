"""Background jobs: kept in the database, handed to workers through Redis.

Without REDIS_URL, which only production needs, the serving process runs them itself.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core import lifespan, registry
from app.core.database import Database
from app.core.settings import Environment, Settings
from app.features.jobs import routes
from app.features.jobs.cron import Cron
from app.features.jobs.drain import Drain
from app.features.jobs.parts import Parts
from app.features.jobs.queue import WAKE, GiveUpError, Job, JobQueue, NoPayload, Run
from app.features.jobs.relay import Relay
from app.features.jobs.schedule import Schedule
from app.features.jobs.settings import JobsSettings
from app.features.jobs.upkeep import CLEAN_SESSIONS, PURGE

__all__ = ["Cron", "GiveUpError", "Job", "JobQueue", "NoPayload", "Run", "install"]

DRAIN_POLL_SECONDS: float | None = 0.5
"""For what is due later; what is enqueued here wakes the drain at once."""


def install(app: FastAPI, settings: Settings, jobs: Iterable[Job[Any]]) -> None:
    """Raises ValueError for two jobs of one name."""
    group = settings.group(JobsSettings)
    parts = Parts(app, group, (PURGE, CLEAN_SESSIONS, *jobs))
    names = [job.name for job in parts.jobs]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two jobs are called {', '.join(sorted(doubled))}")
    registry.add(app, Parts, parts)
    app.include_router(routes.router, prefix=PREFIX)
    if group.redis_url is None:
        # The clock of a test may jump past every moment of a schedule.
        is_test = settings.runtime.environment is Environment.TEST
        schedule = Schedule(registry.get(app, Database), () if is_test else parts.jobs)
        lifespan.add(app, lambda: _drained(parts, schedule))


@asynccontextmanager
async def _drained(parts: Parts, schedule: Schedule) -> AsyncIterator[None]:
    database = registry.get(parts.app, Database)
    runner = parts.runner
    drain = Drain(runner.run, parts.settings.jobs_concurrency)
    relay = Relay(parts.store, schedule, drain.send, poll_seconds=DRAIN_POLL_SECONDS)
    database.session_info[WAKE] = relay.wake
    try:
        async with runner.renewing(), drain.working(), relay.working():
            yield
    finally:
        del database.session_info[WAKE]
