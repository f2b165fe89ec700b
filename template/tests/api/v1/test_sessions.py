"""A user's own sessions: listed, ended one by one, or all at once."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import update
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.security.events import SecurityEvent
from app.models.session import Session
from tests.support.events import actions
from tests.support.factories import PASSWORD, Tokens, logged_in, login, make_user, signed_in
from tests.support.service import Service

SESSIONS = "/api/v1/auth/sessions"
LOGOUT_ALL = "/api/v1/auth/logout-all"
REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/users/me"


async def listed(service: Service, tokens: Tokens) -> list[dict[str, Any]]:
    response = await service.client.get(SESSIONS, headers=tokens.header)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    rows: list[dict[str, Any]] = response.json()
    return rows


async def me(service: Service, tokens: Tokens) -> int:
    return (await service.client.get(ME, headers=tokens.header)).status_code


async def refreshed(service: Service, tokens: Tokens) -> Response:
    return await service.client.post(REFRESH, json={"refresh_token": tokens.refresh})


async def ended(service: Service, tokens: Tokens, session_id: str) -> Response:
    return await service.client.delete(f"{SESSIONS}/{session_id}", headers=tokens.header)


async def test_a_login_is_listed_with_where_it_came_from(service: Service) -> None:
    service.client.headers["User-Agent"] = "a browser"
    tokens = await login(service, await make_user(service))

    [row] = await listed(service, tokens)

    assert row.keys() == {"id", "created_at", "last_used_at", "user_agent", "ip", "current"}
    assert (row["user_agent"], row["ip"], row["current"]) == ("a browser", "127.0.0.1", True)
    assert row["created_at"].endswith(("Z", "+00:00"))


async def test_every_login_is_a_new_session(service: Service) -> None:
    user = await make_user(service)
    first, second = await login(service, user), await login(service, user, PASSWORD)

    rows = await listed(service, second)

    assert [row["current"] for row in rows] == [True, False]
    assert [row["current"] for row in await listed(service, first)] == [False, True]


async def test_only_own_sessions_are_listed(service: Service) -> None:
    await logged_in(service)
    tokens = await logged_in(service)

    assert len(await listed(service, tokens)) == 1


@pytest.mark.parametrize("column", ["ended_at", "expires_at", "last_used_at"])
async def test_what_has_ended_expired_or_idled_is_not_listed(service: Service, column: str) -> None:
    user = await make_user(service)
    old = await signed_in(service, user)
    week_ago = clock.now() - timedelta(days=7)
    async with service.database.write() as session:
        await session.execute(update(Session).values({column: week_ago}))
    current = await signed_in(service, user)

    rows = await listed(service, current)

    assert [row["current"] for row in rows] == [True]
    assert (await refreshed(service, old)).status_code == 400


async def test_an_ended_session_stops_at_once_and_the_others_go_on(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    user = await make_user(service)
    lost = await signed_in(service, user)
    kept = await signed_in(service, user)
    [lost_id] = [row["id"] for row in await listed(service, kept) if not row["current"]]

    response = await ended(service, kept, lost_id)

    assert response.status_code == 204
    assert await me(service, lost) == 401
    assert (await refreshed(service, lost)).status_code == 400
    assert await me(service, kept) == 200
    assert [row["current"] for row in await listed(service, kept)] == [True]
    assert "auth.session.ended" in actions(security_events)


async def test_another_users_session_is_not_found(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    victim = await logged_in(service)
    [row] = await listed(service, victim)
    tokens = await logged_in(service, is_superuser=True)

    response = await ended(service, tokens, row["id"])

    assert response.status_code == 404
    assert response.json()["code"] == "session_not_found"
    assert await me(service, victim) == 200
    assert security_events == []


async def test_an_unknown_or_ended_session_is_not_found(service: Service) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)
    await signed_in(service, user)
    [other] = [row["id"] for row in await listed(service, tokens) if not row["current"]]
    await ended(service, tokens, other)

    answers = [await ended(service, tokens, identity) for identity in (other, str(uuid7()))]

    assert [answer.json()["code"] for answer in answers] == ["session_not_found"] * 2


async def test_logout_all_ends_every_session_of_the_caller_and_nobody_elses(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    user = await make_user(service)
    tokens = [await signed_in(service, user) for _ in range(3)]
    stranger = await logged_in(service)

    response = await service.client.post(LOGOUT_ALL, headers=tokens[0].header)

    assert response.status_code == 204
    assert [await me(service, some) for some in tokens] == [401, 401, 401]
    refreshes = [await refreshed(service, some) for some in tokens]
    assert [answer.status_code for answer in refreshes] == [400, 400, 400]
    assert await me(service, stranger) == 200
    assert "auth.sessions.ended" in actions(security_events)
