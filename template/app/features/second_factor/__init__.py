"""A second factor at login: codes of an authenticator, and recovery codes."""

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core import registry
from app.core.database import Database
from app.core.security import Security
from app.core.security.lockout import Lockout
from app.core.settings import Settings
from app.features.encryption import Encryption, columns
from app.features.mail import Outbox
from app.features.second_factor import routes
from app.features.second_factor.login_challenge import LoginChallenges
from app.features.second_factor.replacement import FactorReplacement
from app.features.second_factor.service import SECRETS, SecondFactor
from app.features.second_factor.settings import SecondFactorSettings
from app.features.state_store import StateStore
from app.services.auth import AuthService
from app.services.reauthentication import Reauthentication


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(SecondFactorSettings)
    database, encryption = registry.get(app, Database), registry.get(app, Encryption)
    lockout, states = registry.get(app, Lockout), registry.get(app, StateStore)
    factor = SecondFactor(
        database,
        encryption,
        lockout,
        lambda: registry.get(app, Outbox),
        group,
        issuer=registry.get(app, Security).settings.jwt_issuer,
    )
    registry.add(app, SecondFactor, factor)
    challenges = LoginChallenges(database, states, factor, lockout, group)
    registry.add(app, LoginChallenges, challenges)
    replacement = FactorReplacement(database, encryption, states, factor)
    registry.add(app, FactorReplacement, replacement)
    registry.get(app, AuthService).checks.append(challenges.require)
    registry.get(app, Reauthentication).proofs["code"] = factor.check
    columns.register(app, SECRETS)
    app.include_router(routes.router, prefix=PREFIX)
    app.include_router(routes.users_router, prefix=PREFIX)
