"""The mails of registration, and how they leave: few to one address, off the request's path.

The answer to a request neither waits for this work nor tells whether there was any.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from app.core import clock, project
from app.core.database import Database, WriteSession
from app.core.security.lockout import Counters
from app.features.mail import Background, Mail, Outbox, compose
from app.features.mail.notices import NOT_YOU
from app.features.registration.repository import OneTimeTokenRepository, issue

log = structlog.get_logger("app.mail")

MAILS_PER_ADDRESS = 3
WINDOW = timedelta(hours=1)
TOKEN_TTL = timedelta(minutes=60)


class TokenMail(Protocol):
    def __call__(self, to: str, token: str, frontend_url: str | None) -> Mail: ...


class TokenMails:
    def __init__(
        self,
        database: Database,
        counters: Callable[[], Counters],
        outbox: Callable[[], Outbox],
        background: Background,
        frontend_url: str | None,
    ) -> None:
        self._database = database
        self._counters = counters
        self._outbox = outbox
        self._background = background
        self._frontend_url = frontend_url

    def later(self, work: Callable[[], Awaitable[None]]) -> None:
        self._background.submit(work)

    def tell(self, session: WriteSession, mail: Mail) -> None:
        """With the transaction; what an owner must learn is not counted."""
        self._outbox().post(session, mail)

    async def write(self, mail: Mail) -> None:
        if await self._may_write_to(mail.to):
            await self._outbox().deliver(mail)

    async def write_token(
        self, user_id: UUID, purpose: str, address: str, carrying: TokenMail
    ) -> None:
        """A new token of that purpose, in a mail to the address."""
        if not await self._may_write_to(address):
            return
        async with self._database.write() as session:
            now = clock.now()
            await OneTimeTokenRepository(session).remove_expired(now)
            expires_at = now + TOKEN_TTL
            token = await issue(self._database, session, user_id, purpose, address, expires_at)
            self.tell(session, carrying(address, token, self._frontend_url))

    async def _may_write_to(self, address: str) -> bool:
        key = f"mail/{address}"
        counts = await self._counters().add([key], WINDOW)
        allowed = counts[key].value <= MAILS_PER_ADDRESS
        if not allowed:
            log.warning("mail.limit_reached")
        return allowed


def verification(to: str, token: str, frontend_url: str | None) -> Mail:
    return compose(
        to,
        f"{_service()}: confirm your address",
        "Confirm this e-mail address for your account.",
        *_carried(token, "verify", frontend_url),
        "If you did not give this address, ignore this mail.",
    )


def already_registered(to: str) -> Mail:
    return compose(
        to,
        f"{_service()}: you have an account already",
        "Somebody tried to register with this address, which has an account already.",
        "If it was you and you forgot the password, ask for a new one. Nothing was changed.",
    )


def reset(to: str, token: str, frontend_url: str | None) -> Mail:
    return compose(
        to,
        f"{_service()}: set a new password",
        "A new password was requested for your account.",
        *_carried(token, "reset", frontend_url),
        "If you did not request it, ignore this mail: your password stays as it is.",
    )


def address_change_requested(to: str) -> Mail:
    return compose(
        to,
        f"{_service()}: a change of your address was requested",
        "Your account will belong to another address once that address confirms it.",
        NOT_YOU,
    )


def _carried(token: str, name: str, frontend_url: str | None) -> tuple[str, ...]:
    """In a fragment, which no server sees and no log holds."""
    link = (f"{frontend_url}#{name}={token}",) if frontend_url else ()
    return "It works once, within an hour. Token:", token, *link


def _service() -> str:
    return project.project().name
