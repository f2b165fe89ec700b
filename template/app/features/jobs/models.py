"""The tables of the job queue."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.database import Base, UtcDateTime

MAX_NAME_LENGTH = 64
MAX_KEY_LENGTH = 128


class JobStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class JobRow(Base):
    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("name", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    key: Mapped[str | None] = mapped_column(String(MAX_KEY_LENGTH))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    carrier: Mapped[dict[str, str]] = mapped_column(JSON)
    """What continues the trace, and the correlation id, of whoever enqueued it."""
    owner_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Not before then."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When it is to be handed to a worker, again too; None once it is done or dead."""
    lease: Mapped[UUID | None]
    """Whose run of it counts: what another run did is not kept."""
    last_error: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class ScheduleRow(Base):
    __tablename__ = "job_schedules"

    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
