from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update

from app.core import clock
from app.core.database import Database, WriteSession
from app.core.database.repository import Repository
from app.models.session import Session

sessions = cast("Table", Session.__table__)

MAX_LISTED = 100
LIVE = (
    select(
        sessions.c.id,
        sessions.c.created_at,
        sessions.c.last_used_at,
        sessions.c.user_agent,
        sessions.c.ip,
    )
    .where(
        sessions.c.user_id == bindparam("user_id"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
        sessions.c.last_used_at > bindparam("used_since"),
    )
    .order_by(sessions.c.last_used_at.desc(), sessions.c.id.desc())
    .limit(MAX_LISTED)
)


class SessionRepository(Repository[Session]):
    model = Session
    session: WriteSession

    def __init__(self, session: WriteSession) -> None:
        super().__init__(session)

    async def locked(self, session_id: UUID) -> Session | None:
        """The row, held until the transaction ends, so that two refreshes cannot both rotate it."""
        return await self.session.get(Session, session_id, with_for_update=True)

    async def authenticated(self, session_id: UUID, now: datetime) -> None:
        statement = update(Session).where(Session.id == session_id)
        await self.session.execute(statement.values(authenticated_at=now))

    async def end(
        self, session_id: UUID, now: datetime, *, owner_id: UUID | None = None
    ) -> UUID | None:
        """The id of the user whose session this was; None where it had ended, or is not theirs."""
        statement = update(Session).where(Session.id == session_id, Session.ended_at.is_(None))
        if owner_id is not None:
            statement = statement.where(Session.user_id == owner_id)
        ended = statement.values(ended_at=now).returning(Session.user_id)
        user_id = await self.session.scalar(ended)
        if user_id is not None:
            self.session.rights_changed(user_id)
        return user_id

    async def end_all(self, user_id: UUID, now: datetime, *, but: UUID | None = None) -> None:
        statement = update(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
        if but is not None:
            statement = statement.where(Session.id != but)
        await self.session.execute(statement.values(ended_at=now))
        self.session.rights_changed(user_id)


async def live_sessions(database: Database, user_id: UUID, idle: timedelta) -> list[dict[str, Any]]:
    """The newest first."""
    now = clock.now()
    parameters = {"user_id": user_id, "now": now, "used_since": now - idle}
    return [dict(row._mapping) for row in await database.rows(LIVE, parameters)]
