"""A real SMTP server on loopback that keeps what it is sent, or refuses it, or says nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Sink:
    """`replies` are given first, one for each mail, in place of taking it."""

    port: int = 0
    replies: list[str] = field(default_factory=list)
    received: list[EmailMessage] = field(default_factory=list)
    offered: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.offered += 1
        if self.replies:
            return self.replies.pop(0)
        assert isinstance(envelope.content, bytes)
        received = message_from_bytes(envelope.content, policy=default)
        assert isinstance(received, EmailMessage)
        self.received.append(received)
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@asynccontextmanager
async def sink(*replies: str) -> AsyncIterator[Sink]:
    kept = Sink(replies=list(replies))
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # it says all it sees
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(kept, hostname="sink.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
