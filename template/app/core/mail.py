"""Mail leaves after the commit and off the request's path: `outbox_of(request)` takes it.

    outbox.post(session, compose(user.email, "Subject", "Text"))

An extension that keeps mail in a queue of its own replaces `app.state.outbox` at install and
sends with `app.state.mailer`.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Annotated
from typing import Protocol
from urllib.parse import urlsplit

import aiosmtplib
import structlog
from fastapi import FastAPI
from fastapi import Request
from pydantic import AfterValidator
from pydantic import EmailStr

from app.core import lifespan
from app.core.background import Background
from app.core.config import Settings
from app.core.config import SettingsGroup
from app.core.database import WriteSession
from app.core.mail_message import Mail
from app.core.mailers import Mailer
from app.core.mailers import mailer
from app.core.reloading import Reloading

log = structlog.get_logger("app.mail")

RETRY_DELAYS_SECONDS = (1.0, 4.0, 16.0)
CONCURRENT_MAILS = 4
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
    registration_enabled: bool | None = None
    """Off in production unless it is said."""
    password_reset_enabled: bool = True
    """Whether a forgotten password can be set anew by mail."""
    login_requires_verified_email: bool | None = None
    """On in production unless it is said."""

    def problems(self) -> Iterator[str]:
        if urlsplit(self.mail_url).scheme == "console":
            needed = [name for name in SENDING if getattr(self, name)]
            if needed:
                names = " and ".join(name.upper() for name in needed)
                yield f"MAIL_URL: console:// would print tokens; {names} must be false then"
        elif self.mail_from == type(self).model_fields["mail_from"].default:
            yield "MAIL_FROM: production needs the address that its mail comes from"


SENDING = ("registration_enabled", "password_reset_enabled")


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


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(MailSettings)
    shows_body = not settings.runtime.is_production
    background = Background("mail", workers=CONCURRENT_MAILS)
    app.state.mailer = mailer(group.mail_url, group.mail_from, shows_body=shows_body)
    app.state.mail_background = background
    outbox = app.state.outbox = BackgroundOutbox(app.state.mailer, background)

    async def follow(group: MailSettings) -> None:
        sender = mailer(group.mail_url, group.mail_from, shows_body=shows_body)
        app.state.mailer = outbox.mailer = sender

    reloading: Reloading = app.state.reloading
    reloading.listen(MailSettings, {"mail_url"}, follow)
    lifespan.add(app, background.running)


def outbox_of(request: Request) -> Outbox:
    outbox: Outbox = request.app.state.outbox
    return outbox


def is_permanent(error: Exception) -> bool:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(is_permanent(refusal) for refusal in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= PERMANENT
