"""A change of credentials needs a login or a password within the hour."""

from datetime import timedelta

import pytest
from httpx2 import Response
from sqlalchemy import update

from app.core import clock
from app.models.session import Session
from tests.support.events import recorded
from tests.support.factories import PASSWORD, Tokens, bearer, login, make_user, signed_in
from tests.support.service import Service

AUTH = "/api/v1/auth"
HOUR = timedelta(hours=1)
OLD = (403, "reauth_required")
ADMITTED = (422, "validation_failed")
"""For a guarded route that is sent no body."""


async def reauthenticate(service: Service, tokens: Tokens, **proof: str) -> Response:
    return await service.client.post(f"{AUTH}/reauthenticate", json=proof, headers=tokens.header)


async def guarded(service: Service, header: dict[str, str]) -> tuple[int, str]:
    response = await service.client.post(f"{AUTH}/password/change", headers=header)
    return response.status_code, response.json()["code"]


async def grow_old(service: Service, age: timedelta | None = HOUR) -> None:
    """Every session was authenticated so long ago, or, with None, before this was stored."""
    at = clock.now() - age if age else None
    async with service.database.write() as session:
        await session.execute(update(Session).values(authenticated_at=at))


@pytest.mark.parametrize("age", [HOUR, None])
async def test_an_old_login_is_asked_again(service: Service, age: timedelta | None) -> None:
    tokens = await signed_in(service, await make_user(service))
    await grow_old(service, age)

    refused = await guarded(service, tokens.header)
    opened = await reauthenticate(service, tokens, password=PASSWORD)

    assert (refused, opened.status_code) == (OLD, 204)
    assert await guarded(service, tokens.header) == ADMITTED


async def test_a_login_is_recent_for_an_hour(service: Service) -> None:
    tokens = await login(service, await make_user(service))
    fresh = await guarded(service, tokens.header)
    await grow_old(service, HOUR - timedelta(seconds=5))
    almost = await guarded(service, tokens.header)
    await grow_old(service)

    assert [fresh, almost, await guarded(service, tokens.header)] == [ADMITTED, ADMITTED, OLD]


async def test_a_refresh_makes_nothing_recent(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))
    await grow_old(service)

    refreshed = await service.client.post(f"{AUTH}/refresh", json={"refresh_token": tokens.refresh})

    assert await guarded(service, bearer(refreshed.json()["access_token"])) == OLD


async def test_what_one_session_proved_opens_nothing_for_another(service: Service) -> None:
    user = await make_user(service)
    mine, other = await signed_in(service, user), await signed_in(service, user)
    await grow_old(service)

    await reauthenticate(service, mine, password=PASSWORD)

    assert await guarded(service, other.header) == OLD


async def test_wrong_passwords_open_nothing_and_count_for_the_lockout(service: Service) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)
    await grow_old(service)

    wrong = [await reauthenticate(service, tokens, password="wrong") for _ in range(10)]
    locked = await reauthenticate(service, tokens, password=PASSWORD)
    at_login = await service.client.post(
        f"{AUTH}/login", json={"username": user.username, "password": PASSWORD}
    )

    answers = {(one.status_code, one.json()["code"]) for one in wrong}
    assert answers == {(403, "wrong_password")}
    assert (locked.status_code, at_login.status_code) == (429, 429)


async def test_an_account_without_a_password_cannot_use_one(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service, password_hash=None))

    response = await reauthenticate(service, tokens, password=PASSWORD)

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")


@pytest.mark.parametrize(
    "body",
    [{}, {"password": PASSWORD, "unknown": "x"}, {"unknown": "x"}, {"password": 1}, [], "text"],
)
async def test_exactly_one_known_proof_is_sent(service: Service, body: object) -> None:
    tokens = await signed_in(service, await make_user(service))

    response = await service.client.post(f"{AUTH}/reauthenticate", json=body, headers=tokens.header)

    assert response.status_code == 422
    assert PASSWORD not in response.text


@pytest.mark.parametrize(("password", "outcome"), [(PASSWORD, "success"), ("wrong", "failure")])
async def test_each_proof_is_a_security_event(
    own_service: Service, password: str, outcome: str
) -> None:
    user = await make_user(own_service)
    tokens = await signed_in(own_service, user)
    events = recorded(own_service)

    await reauthenticate(own_service, tokens, password=password)

    assert [(event.actor_id, event.outcome) for event in events] == [(user.id, outcome)]
    assert events[0].detail == {"method": "password"}
