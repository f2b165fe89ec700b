"""Accounts that people open themselves: sign-up, confirmed addresses, forgotten passwords."""

from functools import partial

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core import registry
from app.core.database import Database, WriteSession
from app.core.http.errors import Forbidden
from app.core.notices import Notices
from app.core.security.lockout import Counters, Lockout
from app.core.settings import Settings
from app.features.mail import Background, MailSettings, Outbox
from app.features.registration import routes
from app.features.registration.mails import TokenMails
from app.features.registration.repository import OneTimeTokenRepository
from app.features.registration.service import PasswordReset, Registration
from app.features.registration.settings import RegistrationSettings, printed_tokens
from app.models.user import User
from app.services.auth import AuthService, LoginCheck, record_refused_login
from app.services.own_password import OwnPassword


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(RegistrationSettings)
    settings.checks.append(printed_tokens)
    database, passwords = registry.get(app, Database), registry.get(app, OwnPassword)
    mails = TokenMails(
        database,
        partial(registry.get, app, Counters),
        partial(registry.get, app, Outbox),
        registry.get(app, Background),
        settings.group(MailSettings).frontend_url,
    )
    is_production = settings.runtime.is_production
    registration = Registration(
        database,
        passwords,
        mails,
        partial(registry.get, app, Notices),
        is_enabled=group.is_enabled(is_production=is_production),
    )
    registry.add(app, Registration, registration)
    reset = PasswordReset(
        database,
        passwords,
        registry.get(app, Lockout),
        mails,
        is_enabled=group.password_reset_enabled,
    )
    registry.add(app, PasswordReset, reset)
    passwords.on_change.append(_drop_tokens)
    if group.requires_verified_email(is_production=is_production):
        registry.get(app, AuthService).checks.append(_verified_only(database, registration))
    app.include_router(routes.router, prefix=PREFIX)


async def _drop_tokens(session: WriteSession, user: User) -> None:
    """A token that was mailed before a change of the password is void after it."""
    await OneTimeTokenRepository(session).remove_all(user.id)


def _verified_only(database: Database, registration: Registration) -> LoginCheck:
    async def require_verified(user: User) -> None:
        if not user.email_verified:
            await record_refused_login(database, user, "email_unverified")
            registration.verify_again(user)
            raise Forbidden("email_unverified", "The address is not confirmed; a mail was sent.")

    return require_verified
