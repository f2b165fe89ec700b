"""The security events of logins and sessions."""

from uuid import UUID

import structlog

from app.core.database import Database, WriteSession
from app.core.security import events
from app.models.session import Session
from app.models.user import User

log = structlog.get_logger("app.auth")


def session_started(session: WriteSession, session_id: UUID, owner: UUID) -> None:
    events.record(session, "auth.login", actor_id=owner, target=f"session:{session_id}")


def session_ended(session: WriteSession, session_id: UUID, owner: UUID | None) -> None:
    """None was the owner of a session that had ended before, or never was."""
    if owner is not None:
        events.record(session, "auth.logout", actor_id=owner, target=f"session:{session_id}")


def token_reused(session: WriteSession, row: Session, generation: int) -> None:
    events.record(
        session,
        "auth.token.reused",
        actor_id=row.user_id,
        target=f"session:{row.id}",
        outcome="failure",
        generation=generation,
    )
    log.warning("auth.token.reused", user_id=str(row.user_id), session_id=str(row.id))


def code_reused(session: WriteSession, session_id: UUID, owner: UUID | None) -> None:
    """None was the owner of a session that had ended before."""
    target = f"session:{session_id}"
    events.record(session, "auth.code.reused", actor_id=owner, target=target, outcome="failure")
    log.warning("auth.code.reused", session_id=str(session_id))


async def login_refused(
    database: Database, user: User | None, reason: str, *, locked: bool = False
) -> None:
    """In a transaction of its own, which the refusal does not take back.

    A name that nobody has is not recorded: people type passwords into the wrong field.
    """
    user_id = user.id if user else None
    target, reason = (f"user:{user_id}", reason) if user_id else (None, "unknown_account")
    actions = ("auth.login", "auth.lockout") if locked else ("auth.login",)
    if not events.recorders(database):
        return
    async with database.write() as session:
        for action in actions:
            events.record(
                session, action, actor_id=user_id, target=target, outcome="failure", reason=reason
            )
