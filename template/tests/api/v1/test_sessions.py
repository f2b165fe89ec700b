"""A user's own sessions: listed, and ended by a logout, by RFC 7009, one by one, or all at once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.security.events import SecurityEvent
from app.models.session import Session
from tests.support.events import actions
from tests.support.factories import (
    Tokens,
    bearer,
    logged_in,
    login,
    make_user,
    refresh,
    signed_in,
    status_of_me,
)
from tests.support.service import Service, Start

AUTH = "/api/v1/auth"


async def listed(service: Service, tokens: Tokens) -> list[dict[str, Any]]:
    response = await service.client.get(f"{AUTH}/sessions", headers=tokens.header)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    rows: list[dict[str, Any]] = response.json()
    return rows


async def other_session(service: Service, tokens: Tokens) -> str:
    [session_id] = [row["id"] for row in await listed(service, tokens) if not row["current"]]
    return f"{AUTH}/sessions/{session_id}"


async def assert_live(service: Service, *live: Tokens) -> None:
    assert {await status_of_me(service, tokens) for tokens in live} == {200}


async def assert_ended(service: Service, *ended: Tokens) -> None:
    assert {await status_of_me(service, tokens) for tokens in ended} == {401}
    assert {(await refresh(service, tokens.refresh)).status_code for tokens in ended} == {400}


async def test_each_login_is_listed_with_where_it_came_from(service: Service) -> None:
    service.client.headers["User-Agent"] = "a browser"
    user = await make_user(service)
    first, second = await login(service, user), await login(service, user)

    newest, oldest = await listed(service, second)

    assert newest.keys() == {"id", "created_at", "last_used_at", "user_agent", "ip", "current"}
    assert (newest["user_agent"], newest["ip"]) == ("a browser", "127.0.0.1")
    assert newest["created_at"].endswith(("Z", "+00:00"))
    assert (newest["current"], oldest["current"]) == (True, False)
    assert [row["current"] for row in await listed(service, first)] == [False, True]
    assert first.refresh != second.refresh


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
    assert (await refresh(service, old.refresh)).status_code == 400


async def test_an_ended_session_stops_at_once_and_the_others_go_on(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    user = await make_user(service)
    lost, kept = await signed_in(service, user), await signed_in(service, user)
    path = await other_session(service, kept)

    response = await service.client.delete(path, headers=kept.header)

    assert response.status_code == 204
    await assert_ended(service, lost)
    await assert_live(service, kept)
    assert [row["current"] for row in await listed(service, kept)] == [True]
    assert "auth.session.ended" in actions(security_events)


async def test_another_users_session_is_not_found_like_an_unknown_one(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    victim, root = await logged_in(service), await logged_in(service, is_superuser=True)
    [theirs] = await listed(service, victim)

    answers = [
        await service.client.delete(f"{AUTH}/sessions/{identity}", headers=root.header)
        for identity in (theirs["id"], uuid7())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["code"] for answer in answers} == {"session_not_found"}
    await assert_live(service, victim)
    assert security_events == []


async def test_a_session_ends_once(service: Service) -> None:
    user = await make_user(service)
    tokens, _ = await signed_in(service, user), await signed_in(service, user)
    path = await other_session(service, tokens)

    answers = [await service.client.delete(path, headers=tokens.header) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]


async def test_logout_ends_this_session_only(service: Service) -> None:
    user = await make_user(service)
    tokens, other = await signed_in(service, user), await signed_in(service, user)

    response = await service.client.post(f"{AUTH}/logout", headers=tokens.header)

    assert (response.status_code, response.content) == (204, b"")
    await assert_ended(service, tokens)
    await assert_live(service, other)


async def test_logout_all_ends_every_session_of_the_caller_and_nobody_elses(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    user = await make_user(service)
    tokens = [await signed_in(service, user) for _ in range(3)]
    stranger = await logged_in(service)

    response = await service.client.post(f"{AUTH}/logout-all", headers=tokens[0].header)

    assert response.status_code == 204
    await assert_ended(service, *tokens)
    await assert_live(service, stranger)
    assert "auth.sessions.ended" in actions(security_events)


async def test_a_logout_is_seen_by_another_instance_at_once(start: Start) -> None:
    async with start() as service, start() as other:
        tokens = await logged_in(service)
        await assert_live(other, tokens)

        await service.client.post(f"{AUTH}/logout", headers=tokens.header)

        await assert_ended(other, tokens)


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}])
async def test_a_revoked_token_ends_its_session(
    service: Service, kind: str, hint: dict[str, str]
) -> None:
    tokens = await logged_in(service)
    fields = {"token": getattr(tokens, kind), **hint}

    answers = [await service.client.post(f"{AUTH}/revoke", data=fields) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    await assert_ended(service, tokens)


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "\u00e9", "x" * 8192])
async def test_revoking_an_unknown_token_is_no_error(service: Service, token: str) -> None:
    response = await service.client.post(f"{AUTH}/revoke", data={"token": token})

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_token_in_the_query_is_not_revoked(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.post(f"{AUTH}/revoke", params={"token": tokens.refresh})

    assert response.status_code == 422
    assert tokens.refresh not in response.text
    await assert_live(service, tokens)


async def test_an_empty_bearer_is_not_authenticated(service: Service) -> None:
    response = await service.client.get("/api/v1/users/me", headers=bearer(""))

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
