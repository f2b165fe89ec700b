"""A change of credentials needs a login or a password within the hour."""

from datetime import timedelta

import pytest
from httpx2 import Response
from sqlalchemy import update

from app.core import clock
from app.models.session import Session
from app.models.user import User
from tests.support.events import recorded
from tests.support.factories import (
    PASSWORD,
    Tokens,
    bearer,
    login,
    login_status,
    make_user,
    refresh,
    signed_in,
)
from tests.support.service import Service

AUTH = "/api/v1/auth"
HOUR = timedelta(hours=1)
OLD = (403, "reauth_required")
ADMITTED = (422, "validation_failed")
"""For a guarded route that is sent no body."""
WRONG = (403, "wrong_password")


async def reauthenticate(service: Service, tokens: Tokens, body: object) -> Response:
    return await service.client.post(f"{AUTH}/reauthenticate", json=body, headers=tokens.header)


async def guarded(service: Service, header: dict[str, str]) -> tuple[int, str]:
    response = await service.client.post(f"{AUTH}/password/change", headers=header)
    return response.status_code, response.json()["code"]


async def grow_old(service: Service, age: timedelta | None = HOUR) -> None:
    """Every session was authenticated so long ago, or, with None, before this was stored."""
    at = clock.now() - age if age else None
    async with service.database.write() as session:
        await session.execute(update(Session).values(authenticated_at=at))


@pytest.fixture
async def user(service: Service) -> User:
    return await make_user(service)


@pytest.mark.parametrize("age", [HOUR, None])
async def test_a_session_with_an_old_login_is_asked_again(
    service: Service, user: User, age: timedelta | None
) -> None:
    tokens, other = await signed_in(service, user), await signed_in(service, user)
    await grow_old(service, age)

    refused = await guarded(service, tokens.header)
    opened = await reauthenticate(service, tokens, {"password": PASSWORD})

    assert (refused, opened.status_code) == (OLD, 204)
    assert await guarded(service, tokens.header) == ADMITTED
    assert await guarded(service, other.header) == OLD


async def test_a_login_is_recent_for_an_hour(service: Service, user: User) -> None:
    tokens = await login(service, user)
    fresh = await guarded(service, tokens.header)
    await grow_old(service, HOUR - timedelta(seconds=5))
    almost = await guarded(service, tokens.header)
    await grow_old(service)

    assert [fresh, almost, await guarded(service, tokens.header)] == [ADMITTED, ADMITTED, OLD]


async def test_a_refresh_makes_nothing_recent(service: Service, user: User) -> None:
    tokens = await signed_in(service, user)
    await grow_old(service)

    refreshed = await refresh(service, tokens.refresh)

    assert await guarded(service, bearer(refreshed.json()["access_token"])) == OLD


async def test_wrong_passwords_open_nothing_and_count_for_the_lockout(
    service: Service, user: User
) -> None:
    tokens = await signed_in(service, user)
    await grow_old(service)

    wrong = [await reauthenticate(service, tokens, {"password": "wrong"}) for _ in range(10)]
    locked = await reauthenticate(service, tokens, {"password": PASSWORD})

    assert {(one.status_code, one.json()["code"]) for one in wrong} == {WRONG}
    assert (locked.status_code, await login_status(service, user)) == (429, 429)


async def test_an_account_without_a_password_cannot_use_one(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service, password_hash=None))

    response = await reauthenticate(service, tokens, {"password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == WRONG


@pytest.mark.parametrize(
    "body",
    [{}, {"password": PASSWORD, "unknown": "x"}, {"unknown": "x"}, {"password": 1}, [], "text"],
)
async def test_exactly_one_known_proof_is_sent(service: Service, user: User, body: object) -> None:
    response = await reauthenticate(service, await signed_in(service, user), body)

    assert response.status_code == 422
    assert PASSWORD not in response.text


@pytest.mark.parametrize(("password", "outcome"), [(PASSWORD, "success"), ("wrong", "failure")])
async def test_each_proof_is_a_security_event(
    own_service: Service, password: str, outcome: str
) -> None:
    user = await make_user(own_service)
    tokens = await signed_in(own_service, user)
    events = recorded(own_service)

    await reauthenticate(own_service, tokens, {"password": password})

    assert [(event.actor_id, event.outcome) for event in events] == [(user.id, outcome)]
    assert events[0].detail == {"method": "password"}
