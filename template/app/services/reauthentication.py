"""Who is at the keyboard now: what changes an account's credentials asks for it within the hour."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from app.core import clock, instruments, request_info
from app.core.database import Database
from app.core.http.errors import Forbidden
from app.core.security import events
from app.core.security.lockout import Lockout
from app.core.security.passwords import Passwords
from app.core.security.principal import Principal
from app.repositories.session import SessionRepository, authenticated_at
from app.repositories.user import UserRepository

log = structlog.get_logger("app.auth")

LIFETIME = timedelta(hours=1)

type CheckCode = Callable[[UUID, str], Awaitable[object]]


class Reauthentication:
    """Opens the short transactions it needs: none is held while a password is hashed."""

    def __init__(self, database: Database, passwords: Passwords, lockout: Lockout) -> None:
        self._database = database
        self._passwords = passwords
        self._lockout = lockout
        self.check_code: CheckCode | None = None
        """Set by a part that knows codes; raises TooManyRequests and Forbidden."""

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

    async def by_password(self, user: Principal, session_id: UUID, password: str) -> None:
        """Raises TooManyRequests before the password is looked at, and Forbidden."""
        address = request_info.current().ip
        async with self._lockout.attempt(str(user.id), address, "password") as attempt:
            async with self._database.read() as session:
                stored = await UserRepository(session).get(user.id)
            password_hash = stored.password_hash if stored else None
            right, _ = await self._passwords.verify(password, password_hash)
            locked = not right and await attempt.failed()
        if not right:
            if locked:
                await events.record_refusal(self._database, "auth.lockout", user.id)
            log.warning("auth.reauthentication.failed", client_ip=address)
            await self._refused(user, session_id, "password")
            raise Forbidden("wrong_password", "The password is not right.")
        await self._opened(user, session_id, "password")

    async def by_code(self, user: Principal, session_id: UUID, code: str) -> None:
        """Raises TooManyRequests and Forbidden."""
        if self.check_code is None:
            raise Forbidden("wrong_code", "The code is not right.")
        try:
            await self.check_code(user.id, code)
        except Forbidden:
            await self._refused(user, session_id, "code")
            raise
        await self._opened(user, session_id, "code")

    async def _opened(self, user: Principal, session_id: UUID, method: str) -> None:
        async with self._database.write() as session:
            await SessionRepository(session).authenticated(session_id, clock.now())
            target = f"session:{session_id}"
            events.record(
                session, "session.reauthenticated", actor_id=user.id, target=target, method=method
            )
        log.info("auth.reauthenticated", method=method)
        instruments.auth_event("reauthentication")

    async def _refused(self, user: Principal, session_id: UUID, method: str) -> None:
        action, target = "session.reauthenticated", f"session:{session_id}"
        await events.record_refusal(self._database, action, user.id, target=target, method=method)
        instruments.auth_event("reauthentication", "failure")
