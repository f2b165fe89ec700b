"""How a mail leaves: printed, as a file, or by SMTP. MAIL_URL chooses."""

import ipaddress
import os
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
import anyio.to_thread
import structlog
from uuid_utils.compat import uuid7

from app.core import clock
from app.features.mail.message import Mail

log = structlog.get_logger("app.mail")

SMTP_TIMEOUT_SECONDS = 10.0
SUBMISSION_PORTS = {"smtp": 25, "smtps": 465}


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Raises whatever stands in the way; who calls decides whether to try again."""
        ...


class ConsoleMailer:
    """One line of the log; production never shows a body, which may hold a token."""

    def __init__(self, *, shows_body: bool) -> None:
        self._shows_body = shows_body

    async def send(self, mail: Mail) -> None:
        body = {"text": mail.text} if self._shows_body else {}
        log.info("mail.printed", to=mail.to, subject=mail.subject, **body)


class FileMailer:
    """One .eml a message, complete from the moment it has that name, readable by its owner."""

    def __init__(self, directory: Path, sender: str) -> None:
        self._directory = directory
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        await anyio.to_thread.run_sync(self._write, message(mail, self._sender).as_bytes())

    def _write(self, content: bytes) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{uuid7()}.eml"
        partial = path.with_suffix(".part")
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        partial.rename(path)


class SmtpMailer:
    """`smtps` speaks TLS from the first byte. `smtp` changes to TLS where the server offers it,
    and insists on it where a password would cross a network.
    """

    def __init__(self, url: SplitResult, sender: str) -> None:
        self._host = url.hostname or "localhost"
        self._port = url.port or SUBMISSION_PORTS[url.scheme]
        self._username = unquote(url.username) if url.username else None
        self._password = unquote(url.password) if url.password else None
        self._tls = url.scheme == "smtps"
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        await aiosmtplib.send(
            message(mail, self._sender),
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._tls,
            start_tls=self._start_tls(),
            timeout=SMTP_TIMEOUT_SECONDS,
        )

    def _start_tls(self) -> bool | None:
        """None means: where the server offers it."""
        if self._tls:
            return False
        return True if self._password and not _is_loopback(self._host) else None


def mailer(url: str, sender: str, *, shows_body: bool) -> Mailer:
    """Raises ValueError, without the URL, which may hold a password."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return ConsoleMailer(shows_body=shows_body)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FileMailer(Path(unquote(parts.path)), sender)
    if parts.scheme in SUBMISSION_PORTS and parts.hostname:
        return SmtpMailer(parts, sender)
    raise ValueError("console://, file:///directory, smtp://host or smtps://host is understood")


def message(mail: Mail, sender: str) -> EmailMessage:
    """Plain text and HTML of one content. Raises ValueError for a header with a line break."""
    is_ascii = mail.to.isascii() and sender.isascii()
    built = EmailMessage(policy=SMTP if is_ascii else SMTPUTF8)
    built["From"] = sender
    username, _, domain = mail.to.rpartition("@")
    built["To"] = Address(username=username, domain=domain)
    built["Subject"] = mail.subject
    built["Date"] = format_datetime(clock.now())
    built["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    built["Auto-Submitted"] = "auto-generated"
    built.set_content(mail.text)
    built.add_alternative(mail.html, subtype="html")
    return built


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
