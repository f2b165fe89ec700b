"""Background jobs: what one is, and the port by which a request leaves one behind.

    waiting ── claimed ──▶ running ── its handler returns ──▶ done
       ▲                      │
       └── it raises, or its worker is lost ──┴── at its last attempt ──▶ dead

The row is written in the request's own transaction: a committed request means that the job will
run, whatever is away at the moment. `runner.py` runs it.
"""

import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from app.core import clock, instruments, registry, request_info
from app.core.database import Database, WriteSession
from app.features.jobs.cron import Cron
from app.features.jobs.models import MAX_KEY_LENGTH, MAX_NAME_LENGTH, JobRow, JobStatus

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
CORRELATION_ID = "correlation_id"
WAKE = "jobs.wake"
"""In the info of a session: called after the commit, where this process runs the jobs itself."""
MAX_BACKOFF_SECONDS = 900.0


class GiveUpError(Exception):
    """Raised by a handler for what no further attempt can change; the text is what is kept."""


class LeaseLostError(Exception):
    """Another worker has taken this job over: nothing of this run may be kept."""


class NoPayload(BaseModel):
    """The payload of a job that needs none."""


@dataclass(frozen=True, kw_only=True)
class Job[P: BaseModel]:
    """A declaration: what is run, with what, and how often it is tried."""

    name: str
    payload: type[P]
    handler: Callable[["Run", P], Awaitable[None]]
    timeout_seconds: float = 60.0
    max_attempts: int = 5
    backoff_seconds: float = 2.0
    """Before the second attempt; doubled before each further one, and shortened by chance."""
    schedule: Cron | None = None
    """When it runs by itself, with a payload of nothing but defaults."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or len(self.name) > MAX_NAME_LENGTH:
            raise ValueError(f"{self.name!r} is no name of a job: noun.verb, in lowercase")
        if self.schedule is not None:
            self.payload()

    def delay_seconds(self, attempt: int) -> float:
        """Between half and all of what is doubled with each attempt."""
        longest = min(MAX_BACKOFF_SECONDS, self.backoff_seconds * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads load, it hides nothing


class Run:
    """One attempt of a job, as its handler sees it."""

    def __init__(self, app: FastAPI, row: JobRow) -> None:
        self.app = app
        self.id = row.id
        self.attempt = row.attempts
        self.progress: dict[str, Any] = dict(row.progress)
        """What an earlier attempt kept."""
        self.is_finished = False
        self._lease = row.lease

    @property
    def database(self) -> Database:
        return registry.get(self.app, Database)

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[WriteSession]:
        """The transaction in which the job is done: what is written in it is written once.

        Raises LeaseLostError, and keeps nothing, where another worker has taken the job over.
        """
        async with self.database.write() as session:
            yield session
            done: dict[str, Any] = {
                "status": JobStatus.DONE,
                "due_at": None,
                "lease": None,
                "payload": {},
            }
            await self._update(session, **done, finished_at=clock.now(), last_error=None)
        self.is_finished = True

    @asynccontextmanager
    async def keeping(self, progress: dict[str, Any]) -> AsyncIterator[WriteSession]:
        """A step: what is written in it, and how far the job is with it, are kept together.

        Raises LeaseLostError as `finishing` does.
        """
        async with self.database.write() as session:
            yield session
            await self._update(session, progress=progress)
        self.progress = progress

    async def _update(self, session: WriteSession, **values: Any) -> None:
        mine = (JobRow.id == self.id) & (JobRow.lease == self._lease)
        statement = update(JobRow).where(mine).values(values).returning(JobRow.id)
        if await session.scalar(statement) is None:
            raise LeaseLostError(str(self.id))


class JobQueue:
    """Enqueues in the transaction of `session`: committed with it, or never there."""

    def __init__(
        self, database: Database, session: WriteSession, owner_id: UUID | None = None
    ) -> None:
        self._database = database
        self._session = session
        self._owner_id = owner_id

    async def enqueue[P: BaseModel](
        self, job: Job[P], payload: P, *, key: str | None = None, run_at: datetime | None = None
    ) -> UUID:
        """The id of the job; with a `key`, of the one that has been enqueued under it before.

        A key is known for as long as its job is kept: JOBS_RETENTION_DAYS after it was done.
        """
        if key is not None and not 0 < len(key) <= MAX_KEY_LENGTH:
            raise ValueError(f"a key has 1 to {MAX_KEY_LENGTH} characters")
        due = run_at or clock.now()
        values = {
            "id": uuid7(),
            "name": job.name,
            "key": key,
            "payload": payload.model_dump(mode="json"),
            "carrier": _carrier(),
            "owner_id": self._owner_id,
            "status": JobStatus.WAITING,
            "run_at": due,
            "due_at": due,
        }
        statement = self._database.insert(JobRow).values(values)
        unique = statement.on_conflict_do_nothing(index_elements=[JobRow.name, JobRow.key])
        added: UUID | None = await self._session.scalar(unique.returning(JobRow.id))
        if added is not None:
            if wake := self._session.info.get(WAKE):
                self._session.after_commit(wake)
            return added
        known = select(JobRow.id).where(JobRow.name == job.name, JobRow.key == key)
        return (await self._session.scalars(known)).one()


def _carrier() -> dict[str, str]:
    correlation_id = request_info.current().correlation_id
    return instruments.carrier() | ({CORRELATION_ID: correlation_id} if correlation_id else {})
