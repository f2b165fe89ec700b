"""Recent authentication: a change of credentials needs a login or a proof within the hour."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from app.core import clock
from app.core.database import Database
from app.core.http.errors import Forbidden
from app.core.security import events
from app.core.security.principal import Principal
from app.models.session import Session
from app.repositories.session import SessionRepository

LIFETIME = timedelta(hours=1)

type Proof = Callable[[UUID, str], Awaitable[object]]
"""Checks what a user has sent. Raises TooManyRequests before it looks, and Forbidden."""


class Reauthentication:
    def __init__(self, database: Database, password: Proof) -> None:
        self._database = database
        self.proofs = {"password": password}
        """By name; a part adds its own."""

    async def require(self, user: Principal) -> None:
        """Raises Forbidden unless the session was authenticated within the hour.

        Read from the row, not from a principal that may be kept for a second.
        """
        if user.session_id is None:
            raise Forbidden("session_required", "This needs the access token of a login.")
        async with self._database.read() as session:
            stored = await session.get(Session, user.session_id)
        at = stored.authenticated_at if stored else None
        if at is None or clock.now() - at >= LIFETIME:
            raise Forbidden("reauth_required", "This needs a recent login: re-authenticate.")

    async def prove(self, user_id: UUID, session_id: UUID, method: str, proof: str) -> None:
        """Raises what the check of the proof raises."""
        target = f"session:{session_id}"
        try:
            await self.proofs[method](user_id, proof)
        except Forbidden:
            action = "auth.reauthentication.failed"
            await events.record_refusal(
                self._database, action, user_id, target=target, method=method
            )
            raise
        async with self._database.write() as session:
            await SessionRepository(session).authenticated(session_id, clock.now())
            events.record(
                session, "auth.reauthenticated", actor_id=user_id, target=target, method=method
            )
