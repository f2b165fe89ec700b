"""Mail leaves after the commit and off the request's path: `outbox_of(request)` takes it.

    outbox.post(session, compose(user.email, "Subject", "Text"))

A part that keeps mail in a queue of its own registers another `Outbox` and sends with the
`Mailer`.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Protocol
from urllib.parse import urlsplit

import aiosmtplib
import structlog
from fastapi import Request
from pydantic import AfterValidator, EmailStr

from app.core import registry
from app.core.database import WriteSession
from app.core.settings import SettingsGroup
from app.features.mail.background import Background
from app.features.mail.message import Mail
from app.features.mail.transports import Mailer, mailer

log = structlog.get_logger("app.mail")

RETRY_DELAYS_SECONDS = (1.0, 4.0, 16.0)
PERMANENT = 500
"""SMTP replies from here on mean that the same mail will never be taken."""


def _understood(url: str) -> str:
    mailer(url, "", shows_body=False)
    return url


class MailSettings(SettingsGroup):
    mail_url: Annotated[str, AfterValidator(_understood)] = "console://"
    """`console://`, `file:///directory`, `smtp://` or `smtps://`."""
    mail_from: EmailStr = "no-reply@example.com"
    """The address that mail comes from."""
    frontend_url: str | None = None
    """Where the links of a mail lead, and a browser whose client named no other place."""

    @property
    def is_printed(self) -> bool:
        return urlsplit(self.mail_url).scheme == "console"

    def problems(self) -> Iterator[str]:
        if not self.is_printed and self.mail_from == type(self).model_fields["mail_from"].default:
            yield "MAIL_FROM: production needs the address that its mail comes from"


class Outbox(Protocol):
    def post(self, session: WriteSession, mail: Mail) -> None:
        """It leaves once the transaction is committed, and never if it is not."""
        ...

    async def deliver(self, mail: Mail) -> None:
        """Takes it over and returns at once: a mail that cannot be sent is nobody's error."""
        ...


class BackgroundOutbox:
    """Tries a mail a few times, later each time, in this process."""

    def __init__(
        self,
        sender: Mailer,
        background: Background,
        delays_seconds: tuple[float, ...] = RETRY_DELAYS_SECONDS,
    ) -> None:
        self.mailer = sender
        self._background = background
        self._delays_seconds = delays_seconds

    def post(self, session: WriteSession, mail: Mail) -> None:
        session.after_commit(partial(self.deliver, mail))

    async def deliver(self, mail: Mail) -> None:
        self._background.submit(partial(self._send, mail))

    async def _send(self, mail: Mail) -> None:
        for attempt, delay in enumerate((*self._delays_seconds, None), start=1):
            try:
                await self.mailer.send(mail)
            except Exception as error:  # whatever it is, the mail did not leave
                final = delay is None or is_permanent(error)
                log.warning("mail.failed", attempt=attempt, final=final, error=type(error).__name__)
                if delay is None or final:
                    return
                await asyncio.sleep(delay)
            else:
                log.info("mail.sent", attempt=attempt)
                return


def outbox_of(request: Request) -> Outbox:
    return registry.get(request, Outbox)


def is_permanent(error: Exception) -> bool:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(is_permanent(refusal) for refusal in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= PERMANENT
