"""Mail: written by the parts that need it, sent after the commit and outside the request."""

from app.features.mail.message import Mail, compose
from app.features.mail.outbox import MailSettings, Outbox, install, outbox_of
from app.features.mail.transports import Mailer

__all__ = ["Mail", "MailSettings", "Mailer", "Outbox", "compose", "install", "outbox_of"]
