"""The services of local accounts, and what their endpoints ask for."""

from typing import Annotated

from fastapi import Depends
from fastapi import FastAPI
from fastapi import Request

from app.core import lifespan
from app.core.background import Background
from app.core.config import Settings
from app.core.mail import MailSettings
from app.core.sign_in import SignInSettings
from app.services.admission import Admission
from app.services.lockout import Lockout
from app.services.mailing import Mailing
from app.services.own_password import OwnPassword
from app.services.registration import Registration


def install(app: FastAPI, settings: Settings, lockout: Lockout) -> Admission:
    group = settings.group(MailSettings)
    production = settings.runtime.is_production
    given = group.registration_enabled
    is_enabled = not production if given is None else given
    required = group.login_requires_verified_email
    background = Background("accounts")
    mailing = Mailing(
        app.state.database,
        app.state.counters,
        lambda: app.state.outbox,
        background,
        settings.group(SignInSettings).frontend_url,
    )
    database, security = app.state.database, app.state.security
    app.state.accounts_background = background
    registration = Registration(database, security, mailing, is_enabled=is_enabled)
    app.state.registration = registration
    app.state.own_password = OwnPassword(
        database, security, lockout, mailing, reset_is_enabled=group.password_reset_enabled
    )
    lifespan.add(app, background.running)
    verified_only = production if required is None else required
    return Admission(database, registration.verify_again if verified_only else None)


async def registration_service(request: Request) -> Registration:
    service: Registration = request.app.state.registration
    return service


async def own_password_service(request: Request) -> OwnPassword:
    service: OwnPassword = request.app.state.own_password
    return service


RegistrationDep = Annotated[Registration, Depends(registration_service)]
OwnPasswordDep = Annotated[OwnPassword, Depends(own_password_service)]
