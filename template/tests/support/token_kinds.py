"""Every kind of token that the service issues, and every place that takes one.

A new kind is one line in KINDS, a new place one line in PLACES.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from httpx2 import Response

from app.core import clock, registry
from app.features.federation.authorization import AuthorizationService
from app.features.federation.login_methods import Client
from app.features.registration.password_reset import RESET_PASSWORD
from app.features.registration.repository import issue
from app.features.registration.service import VERIFY_EMAIL
from app.features.registration.token_mails import TOKEN_TTL
from app.models.user import User
from tests.support.factories import PASSWORD, bearer, signed_in
from tests.support.pkce import PkceClient
from tests.support.second_factor import FIXED, answer, challenged, with_factor
from tests.support.service import Service

PKCE = PkceClient()

type Issue = Callable[[Service, User], Awaitable[str]]
type Present = Callable[[Service, str], Awaitable[Response]]


@dataclass(frozen=True)
class Place:
    present: Present
    takes: frozenset[str]


async def access_token(service: Service, user: User) -> str:
    return (await signed_in(service, user)).access


async def refresh_token(service: Service, user: User) -> str:
    return (await signed_in(service, user)).refresh


async def api_key(service: Service, user: User) -> str:
    headers = (await signed_in(service, user)).header
    body = {"name": "a program", "scopes": []}
    response = await service.client.post("/api/v1/api-keys", json=body, headers=headers)
    key: str = response.json()["key"]
    return key


async def authorization_code(service: Service, user: User) -> str:
    authorization = registry.get(service.app, AuthorizationService)
    client = Client(PKCE.redirect_uri, PKCE.state, PKCE.challenge)
    return await authorization.issue(user.id, client)


async def login_challenge(service: Service, user: User) -> str:
    await with_factor(service, user)
    return await challenged(service, user)


def mailed(purpose: str) -> Issue:
    async def one_time_token(service: Service, user: User) -> str:
        expires_at = clock.now() + TOKEN_TTL
        async with service.database.write() as session:
            return await issue(service.database, session, user.id, purpose, user.email, expires_at)

    return one_time_token


def as_bearer(path: str) -> Present:
    async def present(service: Service, token: str) -> Response:
        return await service.client.get(path, headers=bearer(token))

    return present


def in_json(path: str, name: str, **others: Any) -> Present:
    async def present(service: Service, token: str) -> Response:
        return await service.client.post(path, json={name: token} | others)

    return present


async def as_challenge(service: Service, token: str) -> Response:
    return await answer(service, token, FIXED.code())


async def as_refresh_grant(service: Service, token: str) -> Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await service.client.post("/api/v1/auth/token", data=form)


async def as_code_grant(service: Service, token: str) -> Response:
    return await service.client.post("/api/v1/auth/token", data=PKCE.grant(token))


KINDS: dict[str, Issue] = {
    "access": access_token,
    "refresh": refresh_token,
    "api key": api_key,
    "authorization code": authorization_code,
    "login challenge": login_challenge,
    "mailed to confirm an address": mailed(VERIFY_EMAIL),
    "mailed to reset a password": mailed(RESET_PASSWORD),
}
PLACES: dict[str, Place] = {
    "any bearer": Place(as_bearer("/api/v1/users/me"), frozenset({"access", "api key"})),
    "bearer of a session": Place(as_bearer("/api/v1/auth/sessions"), frozenset({"access"})),
    "refresh": Place(in_json("/api/v1/auth/refresh", "refresh_token"), frozenset({"refresh"})),
    "refresh grant": Place(as_refresh_grant, frozenset({"refresh"})),
    "code grant": Place(as_code_grant, frozenset({"authorization code"})),
    "second step of a login": Place(as_challenge, frozenset({"login challenge"})),
    "confirmation of an address": Place(
        in_json("/api/v1/auth/verify-email", "token"), frozenset({"mailed to confirm an address"})
    ),
    "reset of a password": Place(
        in_json("/api/v1/auth/password/reset", "token", new_password=f"another {PASSWORD}"),
        frozenset({"mailed to reset a password"}),
    ),
}
