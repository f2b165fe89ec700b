"""Security events: each change of who may do what, in one call.

The call writes a log line, counts the event, and hands it to the parts that record events.
An event belongs to the transaction that makes the change: it is recorded with the change, and told
once the change is committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol
from uuid import UUID

import structlog

from app.core import instruments, request_info
from app.core.database import Database, WriteSession

log = structlog.get_logger("app.auth")

RECORDERS = "security_event_recorders"
"""Names the recorders in the info of a session."""

type Outcome = Literal["success", "failure"]


@dataclass(frozen=True)
class SecurityEvent:
    action: str
    """A dotted name, for example `user.created`; a literal of the code."""
    actor_id: UUID | None
    target: str | None
    """What was changed, for example `user:<id>`."""
    outcome: Outcome
    detail: Mapping[str, Any] = field(default_factory=dict)
    """For recorders only. Holds what JSON can express, and never a secret."""


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
    recorders(database).append(recorder)


def recorders(database: Database) -> list[EventRecorder]:
    found: list[EventRecorder] = database.session_info.setdefault(RECORDERS, [])
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
    _hand_over(session, event)
    session.after_commit(partial(_tell, event))


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
    if target is None and user_id is not None:
        target = f"user:{user_id}"
    event = SecurityEvent(action, user_id, target, "failure", detail)
    await _tell(event)
    if recorders(database):
        async with database.write() as session:
            _hand_over(session, event)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`[old, new]` for each field of `after` that differs; pass no secret."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def _hand_over(session: WriteSession, event: SecurityEvent) -> None:
    for recorder in session.info.get(RECORDERS, ()):
        recorder.record(session, event)


async def _tell(event: SecurityEvent) -> None:
    write = log.info if event.outcome == "success" else log.warning
    user_id = str(event.actor_id) if event.actor_id else None
    facts = {"user_id": user_id, "target": event.target, "client_ip": request_info.current().ip}
    write(event.action, **{name: value for name, value in facts.items() if value is not None})
    instruments.auth_event(event.action, event.outcome)
