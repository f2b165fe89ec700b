"""A forgotten password, replaced by a user who can read the account's mailbox."""

from functools import partial

from app.core import clock
from app.core.database import Database
from app.core.http.errors import NotFound
from app.core.security.lockout import Lockout
from app.features.registration import mails
from app.features.registration.repository import OneTimeTokenRepository
from app.features.registration.service import invalid_token
from app.features.registration.token_mails import TokenMails
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.services.own_password import OwnPassword

RESET_PASSWORD = "reset_password"


class PasswordReset:
    """Opens the short transactions it needs: none is held while a password is hashed."""

    def __init__(
        self,
        database: Database,
        passwords: OwnPassword,
        lockout: Lockout,
        mails: TokenMails,
        *,
        is_enabled: bool,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._lockout = lockout
        self._mails = mails
        self._is_enabled = is_enabled

    def forgot(self, email: str) -> None:
        """The same for every address: whether it is known is looked up afterwards."""
        self._require_enabled()
        self._mails.later(partial(self._send_reset, email))

    async def reset(self, token: str, new: str) -> None:
        """Every session ends, and the address is proved. A refused password leaves the token.

        Raises BadRequest `invalid_token` or Unprocessable.
        """
        self._require_enabled()
        user = await self._holder(token)
        password_hash = await self._passwords.hashed(user, new)
        async with self._database.write() as session:
            tokens, now = OneTimeTokenRepository(session), clock.now()
            if await tokens.take((RESET_PASSWORD,), token, now) is None:
                raise invalid_token()
            stored = await self._passwords.store(
                session, user, password_hash, "user.password_reset"
            )
            stored.email_verified = True
            await SessionRepository(session).end_all(user.id, now)
        await self._lockout.succeeded(str(user.id))

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
            await self._mails.write_token(user.id, RESET_PASSWORD, user.email, mails.reset)

    def _require_enabled(self) -> None:
        if not self._is_enabled:
            raise NotFound("password_reset_disabled", "Passwords are not reset here.")
