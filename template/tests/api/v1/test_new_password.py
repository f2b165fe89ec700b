"""A new password from an administrator, by PATCH and PUT of /users/{id}."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import update

from app.core import clock, registry
from app.core.database import WriteSession
from app.models.session import Session
from app.models.user import User
from app.services.own_password import OwnPassword
from tests.support.events import recorded
from tests.support.factories import PASSWORD, Tokens, make_user, signed_in
from tests.support.service import Service

# These tests add to the application.
pytestmark = pytest.mark.own_service

NEW = "plum otter violin seventy"


@pytest.fixture
async def admin(service: Service) -> User:
    return await make_user(service, is_superuser=True)


@pytest.fixture
async def tokens(service: Service, admin: User) -> Tokens:
    return await signed_in(service, admin)


async def set_password(
    service: Service, tokens: Tokens, user: User, password: str = NEW, method: str = "PATCH"
) -> Response:
    body: dict[str, Any] = {"password": password}
    if method == "PUT":
        body |= {"email": user.email, "username": user.username}
        body |= {"is_active": True, "is_superuser": False}
    path = f"/api/v1/users/{user.id}"
    return await service.client.request(method, path, json=body, headers=tokens.header)


async def login_status(service: Service, user: User, password: str) -> int:
    body = {"username": user.username, "password": password}
    return (await service.client.post("/api/v1/auth/login", json=body)).status_code


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("facts", [{}, {"password_hash": None}])
async def test_it_replaces_the_password_and_ends_every_session(
    service: Service, tokens: Tokens, method: str, facts: dict[str, Any]
) -> None:
    user = await make_user(service, **facts)
    theirs = await signed_in(service, user)

    response = await set_password(service, tokens, user, method=method)

    me = await service.client.get("/api/v1/users/me", headers=theirs.header)
    assert response.status_code == 200
    assert NEW not in response.text
    assert me.status_code == 401
    assert await login_status(service, user, PASSWORD) == 401
    assert await login_status(service, user, NEW) == 200


async def test_it_is_a_security_event_of_the_administrator(
    service: Service, admin: User, tokens: Tokens
) -> None:
    events = recorded(service)
    user = await make_user(service)

    await set_password(service, tokens, user)

    (event,) = events
    assert (event.action, event.actor_id) == ("user.password_set", admin.id)
    assert event.target == f"user:{user.id}"
    assert NEW not in str(event)


async def test_parts_are_told_in_the_same_transaction(service: Service, tokens: Tokens) -> None:
    told = []

    async def on_change(session: WriteSession, user: User) -> None:
        told.append(user.id)

    registry.get(service.app, OwnPassword).on_change.append(on_change)
    user = await make_user(service)

    await set_password(service, tokens, user)

    assert told == [user.id]


async def test_the_policy_knows_the_account(service: Service, tokens: Tokens) -> None:
    user = await make_user(service)

    short = await set_password(service, tokens, user, "only 14 chars!")
    named = await set_password(service, tokens, user, user.username * 3)

    assert [answer.json()["code"] for answer in (short, named)] == [
        "password_too_short",
        "password_blocked",
    ]
    assert await login_status(service, user, PASSWORD) == 200


async def test_it_needs_a_recent_login(service: Service, tokens: Tokens) -> None:
    user = await make_user(service)
    async with service.database.write() as session:
        an_hour_ago = clock.now() - timedelta(hours=1)
        await session.execute(update(Session).values(authenticated_at=an_hour_ago))

    refused = await set_password(service, tokens, user)
    other = await service.client.patch(
        f"/api/v1/users/{user.id}", json={"full_name": "Ada"}, headers=tokens.header
    )

    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert other.status_code == 200
    assert await login_status(service, user, PASSWORD) == 200


@pytest.mark.parametrize("password", [None, 1, "", "x" * 1025])
async def test_what_is_no_password_is_refused(
    service: Service, tokens: Tokens, password: Any
) -> None:
    response = await set_password(service, tokens, await make_user(service), password)

    assert response.status_code == 422
