"""The statements by which a job changes its state; each one is safe against another worker's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, Update, delete, func, select, tuple_, update

from app.core import clock
from app.core.database import Database
from app.features.jobs.models import JobRow, JobStatus

LEASE = timedelta(seconds=15)
"""Renewed while a job runs: so long after its worker is lost, another one takes it."""
HANDED_OVER = timedelta(seconds=20)
"""So long after it was given to the broker, a job that nobody has begun is given again."""
MAX_HANDED_OVER = 1000
"""What may wait at the broker; the rest waits in the table, where it is not given twice."""
BATCH = 200
MAX_ERROR_LENGTH = 2000
UNSYNCHRONIZED: dict[str, Any] = {"synchronize_session": False}

type Claim = tuple[UUID, UUID | None]
"""A job and the lease under which it runs."""


class JobStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def hand_over(self) -> list[UUID]:
        """Jobs that are due, each given to one caller; those of lost workers are among them."""
        now = clock.now()
        async with self._database.read() as session:
            if await session.scalar(_due(now).limit(1)) is None:
                return []
            given = await session.scalar(select(func.count()).select_from(_given(now).subquery()))
        room = min(BATCH, MAX_HANDED_OVER - (given or 0))
        if room <= 0:
            return []
        due = _due(now).order_by(JobRow.due_at).limit(room).with_for_update(skip_locked=True)
        waiting = {"status": JobStatus.WAITING, "lease": None, "due_at": now + HANDED_OVER}
        return list(await self._changed(_where_id(due), **waiting))

    async def hand_back(self, ids: Sequence[UUID]) -> None:
        """What could not be given to the broker is due at once."""
        unclaimed = (JobRow.id.in_(ids)) & (JobRow.status == JobStatus.WAITING)
        await self._changed(update(JobRow).where(unclaimed), due_at=clock.now())

    async def claim(self, ids: list[UUID]) -> list[JobRow | None]:
        """None for what is done, is not due yet, or is run by somebody."""
        now = clock.now()
        free = (
            select(JobRow.id)
            .where(JobRow.id.in_(ids), JobRow.status == JobStatus.WAITING, JobRow.run_at <= now)
            .with_for_update(skip_locked=True)
        )
        statement = _where_id(free).values(
            status=JobStatus.RUNNING,
            attempts=JobRow.attempts + 1,
            lease=uuid4(),
            due_at=now + LEASE,
        )
        async with self._database.write() as session:
            found = await session.scalars(
                statement.returning(JobRow), execution_options=UNSYNCHRONIZED
            )
            rows = {row.id: row for row in found}
        return [rows.pop(job_id, None) for job_id in ids]

    async def finish(self, claims: list[Claim]) -> list[bool]:
        """False for those that another worker has taken over; `release` says so too."""
        done: dict[str, Any] = {
            "status": JobStatus.DONE,
            "due_at": None,
            "lease": None,
            "payload": {},
        }
        statement = _where_claimed(claims)
        ids = await self._changed(statement, **done, finished_at=clock.now(), last_error=None)
        return [job_id in ids for job_id, _ in claims]

    async def renew(self, claims: list[Claim]) -> None:
        await self._changed(_where_claimed(claims), due_at=clock.now() + LEASE)

    async def release(self, claims: list[Claim]) -> list[bool]:
        """An attempt that was broken off is none."""
        now = clock.now()
        waiting: dict[str, Any] = {"status": JobStatus.WAITING, "lease": None, "due_at": now}
        waiting["attempts"] = JobRow.attempts - 1
        ids = await self._changed(_where_claimed(claims), **waiting)
        return [job_id in ids for job_id, _ in claims]

    async def retry(self, claim: Claim, error: str, at: datetime) -> None:
        waiting = {"status": JobStatus.WAITING, "lease": None, "run_at": at, "due_at": at}
        await self._changed(_where_claimed([claim]), **waiting, last_error=_cut(error))

    async def bury(self, claim: Claim, error: str) -> None:
        dead = {"status": JobStatus.DEAD, "lease": None, "due_at": None}
        ended = {"finished_at": clock.now(), "last_error": _cut(error)}
        await self._changed(_where_claimed([claim]), **dead, **ended)

    async def purge(self, status: JobStatus, before: datetime) -> int:
        """How many of those that ended before then were removed."""
        ended = (JobRow.status == status) & (JobRow.finished_at < before)
        async with self._database.write() as session:
            return len(
                (await session.scalars(delete(JobRow).where(ended).returning(JobRow.id))).all()
            )

    async def _changed(self, statement: Update, **values: Any) -> set[UUID]:
        async with self._database.write() as session:
            changed = statement.values(values).returning(JobRow.id)
            return set(await session.scalars(changed, execution_options=UNSYNCHRONIZED))


def _due(now: datetime) -> Select[UUID]:
    return select(JobRow.id).where(JobRow.due_at <= now)


def _given(now: datetime) -> Select[UUID]:
    given = (JobRow.due_at > now) & (JobRow.run_at <= now) & (JobRow.status == JobStatus.WAITING)
    return select(JobRow.id).where(given).limit(MAX_HANDED_OVER)


def _where_id(ids: Select[UUID]) -> Update:
    return update(JobRow).where(JobRow.id.in_(ids.scalar_subquery()))


def _where_claimed(claims: Sequence[Claim]) -> Update:
    return update(JobRow).where(tuple_(JobRow.id, JobRow.lease).in_(claims))


def _cut(error: str) -> str:
    return error.replace("\0", "")[:MAX_ERROR_LENGTH]
