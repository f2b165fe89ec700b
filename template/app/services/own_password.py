"""A user's own password: changed by who knows it, or set anew by who has the mailbox."""

from functools import partial
from uuid import UUID

import structlog

from app.core import clock
from app.core import instruments
from app.core import origin
from app.core.database import Database
from app.core.database import WriteSession
from app.core.errors import Forbidden
from app.core.errors import NotFound
from app.core.errors import PreconditionFailed
from app.core.security import Security
from app.models.user import User
from app.repositories.one_time_token import OneTimeTokenRepository
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.services import audit
from app.services import mails
from app.services.lockout import Lockout
from app.services.mailing import Mailing
from app.services.registration import invalid_token

log = structlog.get_logger("app.accounts")

RESET_PASSWORD = "reset_password"


class OwnPassword:
    """Opens the short transactions it needs: none is held while a password is hashed."""

    def __init__(
        self,
        database: Database,
        security: Security,
        lockout: Lockout,
        mailing: Mailing,
        *,
        reset_is_enabled: bool,
    ) -> None:
        self._database = database
        self._security = security
        self._lockout = lockout
        self._mailing = mailing
        self._reset_is_enabled = reset_is_enabled

    async def change(self, user_id: UUID, session_id: UUID, current: str, new: str) -> None:
        """Every other session ends. Wrong guesses count as failed logins do.

        Raises TooManyRequests, Forbidden `wrong_password` or Unprocessable.
        """
        user = await self._verified(user_id, current)
        password_hash = await self._hashed(user, new)
        async with self._database.write() as session:
            await self._store(session, user, password_hash, "user.password_changed")
            await SessionRepository(session).end_all(user_id, clock.now(), but=session_id)

    def forgot(self, email: str) -> None:
        """The same for every address: whether it is known is looked up afterwards."""
        self._require_reset()
        self._mailing.later(partial(self._send_reset, email))

    async def reset(self, token: str, new: str) -> None:
        """Every session ends, and the address is proved. A refused password leaves the token.

        Raises BadRequest `invalid_token` or Unprocessable.
        """
        self._require_reset()
        user = await self._holder(token)
        password_hash = await self._hashed(user, new)
        async with self._database.write() as session:
            tokens, now = OneTimeTokenRepository(session), clock.now()
            if await tokens.take((RESET_PASSWORD,), token, now) is None:
                raise invalid_token()
            stored = await self._store(session, user, password_hash, "user.password_reset")
            stored.email_verified = True
            await SessionRepository(session).end_all(user.id, now)
        await self._lockout.succeeded(str(user.id))

    async def _verified(self, user_id: UUID, password: str) -> User:
        account, address = str(user_id), origin.current().ip
        async with self._lockout.attempt(account, address, "password") as attempt:
            async with self._database.read() as session:
                user = await UserRepository(session).get(user_id)
            stored = user.password_hash if user else None
            fits, _ = await self._security.passwords.verify(password, stored)
            if not fits:
                await attempt.failed()
        if user is None or not fits:
            log.warning("auth.password.refused", client_ip=address)
            raise Forbidden("wrong_password", "The current password is not right.")
        return user

    async def _hashed(self, user: User, password: str) -> str:
        await self._security.password_policy.check(password, user.username, user.email)
        return await self._security.passwords.hash(password)

    async def _store(
        self, session: WriteSession, seen: User, password_hash: str, action: str
    ) -> User:
        """Raises PreconditionFailed where the password was changed since `seen` was read.

        Holds the user's row: a login that is under way has its session by then, or gets none.
        """
        user = await session.get(User, seen.id, with_for_update=True)
        if user is None or user.password_hash != seen.password_hash:
            raise PreconditionFailed("state_changed", "The password was changed meanwhile.")
        user.password_hash = password_hash
        await OneTimeTokenRepository(session).remove_all(user.id)
        audit.record(session, action, actor_id=user.id, target=f"user:{user.id}")
        self._mailing.tell(session, mails.password_changed(user.email))
        session.rights_changed(user.id)
        log.info("auth.password.changed", user_id=str(user.id))
        instruments.auth_event("password_change", "success")
        return user

    async def _holder(self, token: str) -> User:
        """Of a live token that was sent to the address the account still has."""
        async with self._database.read() as session:
            found = await OneTimeTokenRepository(session).find(RESET_PASSWORD, token, clock.now())
            user = await UserRepository(session).get(found.user_id) if found else None
        if found is None or user is None or not user.is_active or user.email != found.email:
            raise invalid_token()
        return user

    async def _send_reset(self, email: str) -> None:
        async with self._database.read() as session:
            user = await UserRepository(session).by_identifier(email)
        if user is not None and user.is_active:
            await self._mailing.write_token(user.id, RESET_PASSWORD, user.email, mails.reset)

    def _require_reset(self) -> None:
        if not self._reset_is_enabled:
            raise NotFound("password_reset_disabled", "Passwords are not reset here.")
