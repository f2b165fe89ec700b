"""Security events: each change of who may do what, handed to the parts that record it.

An event belongs to the transaction that makes the change: both are committed, or neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from app.core.database import Database, WriteSession

RECORDERS = "security_event_recorders"
"""Names the recorders in the info of a session."""

type Outcome = Literal["success", "failure"]


@dataclass(frozen=True)
class SecurityEvent:
    action: str
    """A dotted name, for example `user.created`."""
    actor_id: UUID | None
    target: str | None
    """What was changed, for example `user:<id>`."""
    outcome: Outcome
    detail: Mapping[str, Any] = field(default_factory=dict)
    """What JSON can express, and never a secret."""


class EventRecorder(Protocol):
    """A part that keeps events."""

    def record(self, session: WriteSession, event: SecurityEvent) -> None:
        """Called inside the transaction of the change."""
        ...

    async def settle(self) -> None:
        """Finishes what was recorded; a command calls it before it ends."""
        ...


def add_recorder(database: Database, recorder: EventRecorder) -> None:
    """Events of this database's transactions are recorded from now on."""
    database.session_info.setdefault(RECORDERS, []).append(recorder)


def recorders(database: Database) -> list[EventRecorder]:
    found: list[EventRecorder] = database.session_info.get(RECORDERS, [])
    return found


def record(
    session: WriteSession,
    action: str,
    *,
    actor_id: UUID | None,
    target: str | None = None,
    outcome: Outcome = "success",
    **detail: Any,
) -> None:
    event = SecurityEvent(action, actor_id, target, outcome, detail)
    for recorder in session.info.get(RECORDERS, ()):
        recorder.record(session, event)


async def record_refusal(
    database: Database,
    action: str,
    user_id: UUID | None,
    *,
    target: str | None = None,
    **detail: Any,
) -> None:
    """In a transaction of its own, which the error answer does not roll back.

    The target is the user unless another is named.
    """
    if not recorders(database):
        return
    if target is None and user_id is not None:
        target = f"user:{user_id}"
    async with database.write() as session:
        record(session, action, actor_id=user_id, target=target, outcome="failure", **detail)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`[old, new]` for each field of `after` that differs; pass no secret."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}
