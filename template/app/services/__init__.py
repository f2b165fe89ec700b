"""The rules of the service. `install` builds the services that live as long as the application."""

from functools import partial

from fastapi import FastAPI

from app.core import registry
from app.core.database import Database
from app.core.notices import NoNotices, Notices
from app.core.security import Security
from app.core.security.lockout import Lockout
from app.core.security.principal import Principals
from app.core.settings import Settings
from app.services.auth import AuthService
from app.services.bearers import BearerAuthenticator, SessionAuthenticator
from app.services.own_password import OwnPassword
from app.services.reauthentication import Reauthentication
from app.services.sessions import Sessions


def install(app: FastAPI, settings: Settings) -> None:
    database, security = registry.get(app, Database), registry.get(app, Security)
    registry.add(app, Notices, NoNotices())
    lockout = registry.get(app, Lockout)
    sessions = registry.add(app, Sessions, Sessions(database, security))
    registry.add(app, AuthService, AuthService(database, security, lockout, sessions))
    own_password = OwnPassword(database, security, lockout, partial(registry.get, app, Notices))
    registry.add(app, OwnPassword, own_password)
    registry.add(app, Reauthentication, Reauthentication(database, own_password.verified))
    bearers = SessionAuthenticator(security, partial(registry.get, app, Principals))
    registry.add(app, BearerAuthenticator, bearers)
