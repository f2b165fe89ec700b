"""New accounts, and the proof that an address belongs to who gave it."""

from functools import partial
from uuid import UUID

from app.core import clock
from app.core.database import Database, WriteSession
from app.core.http.errors import BadRequest, NotFound, Unprocessable
from app.core.security import Security, events
from app.core.security.principal import Principal
from app.features.mail import notices
from app.features.registration import mails
from app.features.registration.models import OneTimeToken
from app.features.registration.repository import OneTimeTokenRepository
from app.features.registration.schemas import RegisterRequest
from app.features.registration.token_mails import TokenMails
from app.models.user import User
from app.repositories.user import UserRepository, add_unless_taken

VERIFY_EMAIL = "verify_email"
CHANGE_EMAIL = "change_email"
DEFAULT_ROLE = "member"


class Registration:
    """What an address is known for is told to that address only, never to who asks."""

    def __init__(
        self, database: Database, security: Security, token_mails: TokenMails, *, is_enabled: bool
    ) -> None:
        self._database = database
        self._security = security
        self._mails = token_mails
        self._is_enabled = is_enabled

    async def register(self, body: RegisterRequest) -> None:
        """A known address does the same work and gets another mail.

        Raises NotFound where it is switched off, or Unprocessable.
        """
        if not self._is_enabled:
            raise NotFound("registration_disabled", "Registration is not offered here.")
        password = body.password.get_secret_value()
        await self._security.password_policy.check(password, body.username, body.email)
        async with self._database.read() as session:
            if await UserRepository(session).by_identifier(body.username) is not None:
                raise Unprocessable("username_taken", "The username is already in use.")
        password_hash = await self._security.passwords.hash(password)
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
            self._mails.tell(session, notices.address_changed(user.email))
            user.email = taken.email
        action = "user.email_changed" if changes else "user.email_verified"
        events.record(session, action, actor_id=user.id, target=f"user:{user.id}")

    async def _write_to(self, user_id: UUID | None, address: str) -> None:
        """`user_id` is None for who registered with an address that has an account."""
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


def invalid_token() -> BadRequest:
    return BadRequest("invalid_token", "The token is not valid, was used or is too old.")
