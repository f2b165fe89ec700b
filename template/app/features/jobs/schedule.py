"""Jobs that recur: each moment of a schedule is enqueued once, whoever of several workers sees it.

A moment that passed while no worker ran is made up for when one is there again: once, however
many there were.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.core import clock
from app.core.database import Database
from app.features.jobs.cron import Cron
from app.features.jobs.models import ScheduleRow
from app.features.jobs.queue import Job, JobQueue


class Schedule:
    def __init__(self, database: Database, jobs: Iterable[Job[Any]]) -> None:
        self._database = database
        self._jobs = {job.name: (job, job.schedule) for job in jobs if job.schedule}

    async def begin(self) -> None:
        """What was never scheduled is from its next moment on; what comes earlier now, earlier."""
        now = clock.now()
        async with self._database.write() as session:
            for name, (_, cron) in self._jobs.items():
                row = self._database.insert(ScheduleRow).values(name=name, next_at=cron.after(now))
                later = ScheduleRow.next_at > row.excluded.next_at
                await session.execute(
                    row.on_conflict_do_update(
                        index_elements=[ScheduleRow.name],
                        set_={"next_at": row.excluded.next_at},
                        where=later,
                    )
                )

    async def enqueue_due(self) -> None:
        now = clock.now()
        due = select(ScheduleRow).where(
            ScheduleRow.next_at <= now, ScheduleRow.name.in_(self._jobs)
        )
        async with self._database.read() as session:
            rows = (await session.scalars(due)).all()
        for row in rows:
            await self._enqueue(*self._jobs[row.name], row.next_at, now)

    async def _enqueue(self, job: Job[Any], cron: Cron, due: datetime, now: datetime) -> None:
        """Only the worker that moves the row on enqueues, in the same transaction."""
        mine = (ScheduleRow.name == job.name) & (ScheduleRow.next_at == due)
        moved = update(ScheduleRow).where(mine).values(next_at=cron.after(now))
        async with self._database.write() as session:
            if await session.scalar(moved.returning(ScheduleRow.name)) is not None:
                key = f"schedule/{due.isoformat()}"
                await JobQueue(self._database, session).enqueue(job, job.payload(), key=key)
