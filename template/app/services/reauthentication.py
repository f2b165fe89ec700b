"""Recent authentication: a change of credentials needs a login or a proof within the hour."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from app.core import clock, request_info
from app.core.database import Database
from app.core.http.errors import Forbidden, Unprocessable
from app.core.security import events
from app.core.security.lockout import Lockout
from app.core.security.passwords import Passwords
from app.core.security.principal import Principal
from app.repositories.session import SessionRepository, authenticated_at
from app.repositories.user import UserRepository

LIFETIME = timedelta(hours=1)

type Proof = Callable[[UUID, str], Awaitable[object]]
"""Checks what a user has sent. Raises TooManyRequests before it looks, and Forbidden."""


class Reauthentication:
    """Opens the short transactions it needs: none is held while a password is hashed."""

    def __init__(self, database: Database, passwords: Passwords, lockout: Lockout) -> None:
        self._database = database
        self._passwords = passwords
        self._lockout = lockout
        self.proofs: dict[str, Proof] = {"password": self._check_password}
        """By name; a part adds its own."""

    async def is_recent(self, session_id: UUID) -> bool:
        """Read from the row, not from a principal that may be kept for a second."""
        at = await authenticated_at(self._database, session_id)
        return at is not None and clock.now() - at < LIFETIME

    async def require(self, user: Principal) -> None:
        """Raises Forbidden unless the session was authenticated within the hour."""
        if user.session_id is None:
            raise Forbidden("session_required", "This needs the access token of a login.")
        if not await self.is_recent(user.session_id):
            raise Forbidden("reauth_required", "This needs a recent login: re-authenticate.")

    async def prove(self, user_id: UUID, session_id: UUID, method: str, proof: str) -> None:
        """Raises Unprocessable, and what the check of the proof raises."""
        check = self.proofs.get(method)
        if check is None:
            raise Unprocessable("unknown_proof", f"Send one of: {', '.join(self.proofs)}.")
        target = f"session:{session_id}"
        try:
            await check(user_id, proof)
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

    async def _check_password(self, user_id: UUID, password: str) -> None:
        address = request_info.current().ip
        async with self._lockout.attempt(str(user_id), address, "password") as attempt:
            async with self._database.read() as session:
                stored = await UserRepository(session).get(user_id)
            password_hash = stored.password_hash if stored else None
            right, _ = await self._passwords.verify(password, password_hash)
            locked = not right and await attempt.failed()
        if not right:
            if locked:
                await events.record_refusal(self._database, "auth.lockout", user_id)
            raise Forbidden("wrong_password", "The password is not right.")
