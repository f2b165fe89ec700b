"""Notices to the owner of an account, by mail to the address before the change."""

from collections.abc import Callable

from app.core.database import WriteSession
from app.core.notices import Notice
from app.core.project import project
from app.features.mail.message import Mail, compose
from app.features.mail.outbox import Outbox

NOT_YOU = "If this was not you, set a new password and tell the operator of the service."


class MailNotices:
    def __init__(self, outbox: Callable[[], Outbox]) -> None:
        self._outbox = outbox

    def send(self, session: WriteSession, notice: Notice, address: str) -> None:
        self._outbox().post(session, NOTICES[notice](address))


def password_changed(to: str) -> Mail:
    return compose(
        to,
        f"{project().name}: your password was changed",
        "The password of your account was changed, and other sessions were ended.",
        NOT_YOU,
    )


def address_changed(to: str) -> Mail:
    """Goes to the old address."""
    return compose(
        to,
        f"{project().name}: your address was changed",
        "Your account now belongs to another address; this one is no longer used.",
        NOT_YOU,
    )


NOTICES: dict[Notice, Callable[[str], Mail]] = {
    "password_changed": password_changed,
    "address_changed": address_changed,
}
