"""Mounts the API and the services its endpoints ask for."""

from fastapi import FastAPI

from app.api import accounts
from app.api import jwks
from app.api import openapi
from app.api.v1.endpoints import health
from app.api.v1.router import PREFIX
from app.api.v1.router import ROUTERS
from app.core import sealed
from app.core.config import Settings
from app.core.ports import Counters
from app.core.routing import install_slash_variants
from app.services import bearers
from app.services.auth import AuthService
from app.services.authorization import AuthorizationService
from app.services.factor_replacement import FactorReplacement
from app.services.factor_settings import SecondFactorSettings
from app.services.lockout import Lockout
from app.services.lockout import LockoutSettings
from app.services.login_challenge import LoginChallenges
from app.services.reauthentication import Reauthentication
from app.services.role_list import RoleList
from app.services.second_factor import SECRETS
from app.services.second_factor import SecondFactor


def install(app: FastAPI, settings: Settings) -> None:
    counters: Counters = app.state.counters
    lockout = Lockout(settings.group(LockoutSettings), counters)
    database, security = app.state.database, app.state.security
    factor_settings = settings.group(SecondFactorSettings)
    factor = SecondFactor(
        database,
        app.state.encryption,
        lockout,
        lambda: app.state.outbox,
        factor_settings,
        issuer=security.settings.jwt_issuer,
    )
    challenges = LoginChallenges(database, app.state.state_store, factor, lockout, factor_settings)
    app.state.second_factor = factor
    app.state.factor_replacement = FactorReplacement(
        database, app.state.encryption, app.state.state_store, factor
    )
    sealed.register(app, SECRETS)
    app.state.login_challenges = challenges
    app.state.reauthentication = Reauthentication(database, security.passwords, factor, lockout)
    app.state.role_list = RoleList(database, app.state.cache)
    admission = accounts.install(app, settings, lockout)
    app.state.auth = AuthService(database, security, lockout, admission, challenges)
    app.state.authorization = AuthorizationService(
        app.state.auth, app.state.sign_in, app.state.state_store
    )
    bearers.install(app)
    health.install(app)
    jwks.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    install_slash_variants(app)
    openapi.install(app)
