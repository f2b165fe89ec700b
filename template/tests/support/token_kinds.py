"""Every kind of token that the service issues, and every place that takes one.

A feature adds its own in `tests/features/<feature>/token_kinds.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from httpx2 import Response

from app.models.user import User
from tests.support import features
from tests.support.factories import bearer, signed_in
from tests.support.service import Service

type Issue = Callable[[Service, User], Awaitable[str]]
type Place = Callable[[Service, str], Awaitable[Response]]


@dataclass(frozen=True)
class Kind:
    issue: Issue
    places: frozenset[str]
    """The only ones that take it."""


async def access_token(service: Service, user: User) -> str:
    return (await signed_in(service, user)).access


async def refresh_token(service: Service, user: User) -> str:
    return (await signed_in(service, user)).refresh


def as_bearer(path: str) -> Place:
    async def present(service: Service, token: str) -> Response:
        return await service.client.get(path, headers=bearer(token))

    return present


def in_json(path: str, name: str, **others: Any) -> Place:
    async def present(service: Service, token: str) -> Response:
        return await service.client.post(path, json={name: token} | others)

    return present


async def as_refresh_grant(service: Service, token: str) -> Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await service.client.post("/api/v1/auth/token", data=form)


def all_kinds() -> dict[str, Kind]:
    kinds = KINDS.copy()
    for module in features.modules("token_kinds"):
        kinds |= module.KINDS
    return kinds


def all_places() -> dict[str, Place]:
    places = PLACES.copy()
    for module in features.modules("token_kinds"):
        places |= module.PLACES
    return places


KINDS = {
    "access": Kind(access_token, frozenset({"any bearer", "bearer of a session"})),
    "refresh": Kind(refresh_token, frozenset({"refresh", "refresh grant"})),
}
PLACES = {
    "any bearer": as_bearer("/api/v1/users/me"),
    "bearer of a session": as_bearer("/api/v1/auth/sessions"),
    "refresh": in_json("/api/v1/auth/refresh", "refresh_token"),
    "refresh grant": as_refresh_grant,
}
