"""Mail: written by the parts that need it, sent after the commit and outside the request."""

from fastapi import FastAPI

from app.core import lifespan, registry
from app.core.notices import Notices
from app.core.settings import Settings
from app.features.mail.background import Background
from app.features.mail.message import Mail, compose
from app.features.mail.notices import MailNotices
from app.features.mail.outbox import BackgroundOutbox, MailSettings, Outbox, outbox_of
from app.features.mail.transports import Mailer, mailer

__all__ = [
    "Background",
    "Mail",
    "MailSettings",
    "Mailer",
    "Outbox",
    "compose",
    "install",
    "outbox_of",
]


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(MailSettings)
    shows_body = not settings.runtime.is_production
    sender = registry.add(
        app, Mailer, mailer(group.mail_url, group.mail_from, shows_body=shows_body)
    )
    background = registry.add(app, Background, Background())
    lifespan.add(app, background.running)  # after the database, which its work uses
    outbox = BackgroundOutbox(sender, background)
    registry.add(app, Outbox, outbox)
    registry.add(app, Notices, MailNotices(lambda: registry.get(app, Outbox)))

    async def follow(group: MailSettings) -> None:
        sender = mailer(group.mail_url, group.mail_from, shows_body=shows_body)
        outbox.mailer = registry.add(app, Mailer, sender)

    settings.on_change(MailSettings, {"mail_url"}, follow)
