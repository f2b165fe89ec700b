"""A user's own sessions: what is logged in, and the end of it."""

from uuid import UUID

import structlog

from app.core import clock
from app.core.database import WriteSession
from app.core.http.errors import NotFound
from app.core.security import events
from app.core.security.principal import Principal
from app.repositories.session import SessionRepository

log = structlog.get_logger("app.auth")


class SessionService:
    """Acts for one principal inside the transaction of its request."""

    def __init__(self, session: WriteSession, actor: Principal) -> None:
        self._session = session
        self._sessions = SessionRepository(session)
        self._actor = actor

    async def end(self, session_id: UUID) -> None:
        """Raises NotFound for another user's session as for one that is no more."""
        now = clock.now()
        if await self._sessions.end(session_id, now, owner_id=self._actor.id) is None:
            raise NotFound("session_not_found", "There is no such session.")
        self._record("auth.session.ended", f"session:{session_id}")

    async def end_all(self) -> None:
        await self._sessions.end_all(self._actor.id, clock.now())
        self._record("auth.sessions.ended", f"user:{self._actor.id}")

    def _record(self, action: str, target: str) -> None:
        events.record(self._session, action, actor_id=self._actor.id, target=target)
        log.info(action, target=target)
