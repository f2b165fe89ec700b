"""Changes of an account's password, by its owner or by an administrator."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from app.core import clock, request_info
from app.core.database import Database, WriteSession
from app.core.http.errors import Forbidden, NotFound, PreconditionFailed
from app.core.notices import Notices
from app.core.security import Security, events
from app.core.security.lockout import Lockout
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository

type OnPasswordChange = Callable[[WriteSession, User], Awaitable[None]]


class OwnPassword:
    """Opens the short transactions it needs: none is held while a password is hashed."""

    def __init__(
        self,
        database: Database,
        security: Security,
        lockout: Lockout,
        notices: Callable[[], Notices],
    ) -> None:
        self._database = database
        self._security = security
        self._lockout = lockout
        self._notices = notices
        self.on_change: list[OnPasswordChange] = []
        """Called in the transaction of each change, before it is committed."""

    async def change(self, user_id: UUID, session_id: UUID, current: str, new: str) -> None:
        """Every other session ends. Raises what `verified` does, or Unprocessable."""
        try:
            user = await self.verified(user_id, current)
        except Forbidden:
            await events.record_refusal(self._database, "auth.password.refused", user_id)
            raise
        password_hash = await self.hashed(new, user.username, user.email)
        async with self._database.write() as session:
            await self.store(session, user, password_hash, "auth.password.changed", user_id)
            await SessionRepository(session).end_all(user_id, clock.now(), but=session_id)

    async def verified(self, user_id: UUID, password: str) -> User:
        """The user, whose password it is. Wrong guesses count as failed logins do.

        Raises TooManyRequests, or Forbidden `wrong_password`.
        """
        account, address = str(user_id), request_info.current().ip
        async with self._lockout.attempt(account, address, "password") as attempt:
            async with self._database.read() as session:
                user = await UserRepository(session).get(user_id)
            stored = user.password_hash if user else None
            fits, _ = await self._security.passwords.verify(password, stored)
            locked = not fits and await attempt.failed()
        if locked:
            await events.record_refusal(self._database, "auth.lockout", user_id)
        if user is None or not fits:
            raise Forbidden("wrong_password", "The password is not right.")
        return user

    async def hashed(self, password: str, username: str, email: str) -> str:
        """Raises Unprocessable for a password that the policy refuses."""
        await self._security.password_policy.check(password, username, email)
        return await self._security.passwords.hash(password)

    async def hashed_for(self, user_id: UUID, password: str) -> str:
        """Raises NotFound or Unprocessable."""
        async with self._database.read() as session:
            user = await UserRepository(session).get(user_id)
        if user is None:
            raise NotFound("user_not_found", "There is no such user.")
        return await self.hashed(password, user.username, user.email)

    async def store(
        self,
        session: WriteSession,
        seen: User,
        password_hash: str,
        action: str,
        actor_id: UUID | None,
    ) -> User:
        """Raises PreconditionFailed where the password was changed since `seen` was read.

        The actor is None on the command line.
        Holds the user's row: a login that is under way has its session by then, or gets none.
        """
        user = await session.get(User, seen.id, with_for_update=True)
        if user is None or user.password_hash != seen.password_hash:
            raise PreconditionFailed("state_changed", "The password was changed meanwhile.")
        user.password_hash = password_hash
        for on_change in self.on_change:
            await on_change(session, user)
        events.record(session, action, actor_id=actor_id, target=f"user:{user.id}")
        self._notices().send(session, "password_changed", user.email)
        session.rights_changed(user.id)
        return user
