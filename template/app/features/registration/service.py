"""New accounts, confirmed addresses, forgotten passwords: what a mail with a token proves.

The services open the short transactions they need: none is held while a password is hashed.
"""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from app.core import clock
from app.core.database import Database, WriteSession
from app.core.http.errors import BadRequest, NotFound, Unprocessable
from app.core.notices import Notices
from app.core.security import events
from app.core.security.lockout import Lockout
from app.core.security.principal import Principal
from app.features.registration import mails
from app.features.registration.mails import TokenMails
from app.features.registration.models import OneTimeToken
from app.features.registration.repository import OneTimeTokenRepository, add_unless_taken
from app.features.registration.schemas import RegisterRequest
from app.models.role import DEFAULT_ROLE
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.services.own_password import OwnPassword

VERIFY_EMAIL = "verify_email"
CHANGE_EMAIL = "change_email"
RESET_PASSWORD = "reset_password"


class Registration:
    """Tells what is known of an address to that address only, never to the client."""

    def __init__(
        self,
        database: Database,
        passwords: OwnPassword,
        token_mails: TokenMails,
        notices: Callable[[], Notices],
        *,
        is_enabled: bool,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._mails = token_mails
        self._notices = notices
        self._is_enabled = is_enabled

    async def register(self, body: RegisterRequest) -> None:
        """A known address does the same work and gets another mail.

        Raises NotFound where it is switched off, or Unprocessable.
        """
        if not self._is_enabled:
            raise NotFound("registration_disabled", "Registration is not offered here.")
        async with self._database.read() as session:
            if await UserRepository(session).by_identifier(body.username) is not None:
                raise Unprocessable("username_taken", "The username is already in use.")
        password = body.password.get_secret_value()
        password_hash = await self._passwords.hashed(password, body.username, body.email)
        values = body.model_dump(exclude={"password"}) | {"password_hash": password_hash}
        async with self._database.write() as session:
            user_id = await add_unless_taken(self._database, session, values, DEFAULT_ROLE)
            events.record(
                session,
                "user.registered",
                actor_id=user_id,
                target=f"user:{user_id}" if user_id else None,
                outcome="success" if user_id else "failure",
            )
        self._mails.later(partial(self._write_to, user_id, body.email))

    def verify_again(self, user: User) -> None:
        """For a user who cannot log in yet; the mail that was sent first may be too old."""
        self._mails.later(partial(self._write_to, user.id, user.email))

    async def request_change(self, user: Principal, address: str) -> None:
        """Both addresses learn of it; nothing changes before the new one confirms."""
        async with self._database.write() as session:
            events.record(
                session,
                "user.email_change_requested",
                actor_id=user.id,
                target=f"user:{user.id}",
            )
            self._mails.tell(session, mails.address_change_requested(user.email))
        self._mails.later(partial(self._write_to_new, user.id, address))

    async def verify(self, token: str) -> None:
        """Raises BadRequest for a token that does not work, or a conflict over an address."""
        async with self._database.write() as session:
            purposes = (VERIFY_EMAIL, CHANGE_EMAIL)
            taken = await OneTimeTokenRepository(session).take(purposes, token, clock.now())
            user = await UserRepository(session).get(taken.user_id) if taken else None
            if taken is None or user is None:
                raise invalid_token()
            self._confirm(session, taken, user)
            user.email_verified = True
            session.rights_changed(user.id)

    def _confirm(self, session: WriteSession, taken: OneTimeToken, user: User) -> None:
        changes = taken.purpose == CHANGE_EMAIL
        if not changes and user.email != taken.email:
            raise invalid_token()
        if changes:
            self._notices().send(session, "address_changed", user.email)
            user.email = taken.email
        action = "user.email_changed" if changes else "user.email_verified"
        events.record(session, action, actor_id=user.id, target=f"user:{user.id}")

    async def _write_to(self, user_id: UUID | None, address: str) -> None:
        """`user_id` is None where the address of the registration has an account."""
        if user_id is None:
            await self._mails.write(mails.already_registered(address))
            return
        await self._mails.write_token(user_id, VERIFY_EMAIL, address, mails.verification)

    async def _write_to_new(self, user_id: UUID, address: str) -> None:
        async with self._database.read() as session:
            known = await UserRepository(session).by_identifier(address)
        if known is not None:
            await self._mails.write(mails.already_registered(address))
            return
        await self._mails.write_token(user_id, CHANGE_EMAIL, address, mails.verification)


class PasswordReset:
    """A forgotten password, replaced by a user who can read the account's mailbox."""

    def __init__(
        self,
        database: Database,
        passwords: OwnPassword,
        lockout: Lockout,
        token_mails: TokenMails,
        *,
        is_enabled: bool,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._lockout = lockout
        self._mails = token_mails
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
        password_hash = await self._passwords.hashed(new, user.username, user.email)
        async with self._database.write() as session:
            tokens, now = OneTimeTokenRepository(session), clock.now()
            if await tokens.take((RESET_PASSWORD,), token, now) is None:
                raise invalid_token()
            stored = await self._passwords.store(
                session, user, password_hash, "auth.password.reset", user.id
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


def invalid_token() -> BadRequest:
    return BadRequest("invalid_token", "The token is not valid, was used or is too old.")
