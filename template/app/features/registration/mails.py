"""The mails of registration, one function each."""

from app.core import project
from app.features.mail.message import Mail, compose
from app.features.mail.notices import NOT_YOU


def verification(to: str, token: str, frontend_url: str | None) -> Mail:
    return compose(
        to,
        f"{_service()}: confirm your address",
        "Somebody, hopefully you, gave this address for an account.",
        *_carried(token, "verify", frontend_url),
        "If it was not you, do nothing: without this the account cannot be used with your address.",
    )


def already_registered(to: str) -> Mail:
    return compose(
        to,
        f"{_service()}: you have an account already",
        "Somebody, hopefully you, tried to register with this address, which has an account.",
        "If you forgot the password, ask for a new one instead. Nothing was changed.",
    )


def reset(to: str, token: str, frontend_url: str | None) -> Mail:
    return compose(
        to,
        f"{_service()}: set a new password",
        "Somebody, hopefully you, asked for a new password of your account.",
        *_carried(token, "reset", frontend_url),
        "If it was not you, do nothing: your password stays as it is.",
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
