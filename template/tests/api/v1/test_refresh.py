"""Rotation of refresh tokens: one lineage, and the end of it when a token is used twice."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from httpx2 import Response
from sqlalchemy import select, update

from app.models.session import Session
from app.models.user import User
from tests.support.factories import bearer, logged_in
from tests.support.service import Service, Start
from tests.support.time_travel import advance

REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/users/me"


async def refresh(service: Service, token: str) -> Response:
    return await service.client.post(REFRESH, json={"refresh_token": token})


async def status_of_me(service: Service, access_token: str) -> int:
    return (await service.client.get(ME, headers=bearer(access_token))).status_code


async def test_a_refresh_returns_new_tokens_of_the_same_session(service: Service) -> None:
    tokens = await logged_in(service)

    response = await refresh(service, tokens.refresh)

    body = response.json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert body["refresh_token"] != tokens.refresh
    assert await status_of_me(service, body["access_token"]) == 200
    assert await status_of_me(service, tokens.access) == 200


async def test_a_token_used_twice_ends_the_whole_family(service: Service) -> None:
    tokens = await logged_in(service)
    newest = (await refresh(service, tokens.refresh)).json()

    reused = await refresh(service, tokens.refresh)

    assert reused.status_code == 400
    assert reused.json()["error"] == "invalid_grant"
    assert (await refresh(service, newest["refresh_token"])).status_code == 400
    assert await status_of_me(service, newest["access_token"]) == 401
    assert await status_of_me(service, tokens.access) == 401


async def test_reuse_ends_no_other_session_of_the_user(service: Service) -> None:
    tokens = await logged_in(service)
    other = await logged_in(service)
    await refresh(service, tokens.refresh)
    await refresh(service, tokens.refresh)

    response = await refresh(service, other.refresh)

    assert response.status_code == 200


async def test_at_grace_0_concurrent_refreshes_end_the_family(service: Service) -> None:
    tokens = await logged_in(service)

    responses = await asyncio.gather(*(refresh(service, tokens.refresh) for _ in range(20)))

    winners = [response for response in responses if response.status_code == 200]
    assert {response.status_code for response in responses} == {200, 400}
    assert len(winners) == 1
    assert (await refresh(service, winners[0].json()["refresh_token"])).status_code == 400


async def test_at_grace_5_concurrent_refreshes_share_one_successor(start: Start) -> None:
    async with start(refresh_reuse_grace_seconds=5) as service:
        tokens = await logged_in(service)

        responses = await asyncio.gather(*(refresh(service, tokens.refresh) for _ in range(20)))

        successors = {response.json()["refresh_token"] for response in responses}
        assert {response.status_code for response in responses} == {200}
        assert len(successors) == 1
        assert (await refresh(service, successors.pop())).status_code == 200


async def test_grace_is_for_the_immediate_predecessor_only(start: Start) -> None:
    async with start(refresh_reuse_grace_seconds=5) as service:
        first = await logged_in(service)
        second = (await refresh(service, first.refresh)).json()["refresh_token"]
        third = (await refresh(service, second)).json()["refresh_token"]

        assert (await refresh(service, first.refresh)).status_code == 400
        assert (await refresh(service, third)).status_code == 400


async def test_grace_ends(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start(refresh_reuse_grace_seconds=5) as service:
        tokens = await logged_in(service)
        successor = (await refresh(service, tokens.refresh)).json()["refresh_token"]
        advance(monkeypatch, timedelta(seconds=6))

        assert (await refresh(service, tokens.refresh)).status_code == 400
        assert (await refresh(service, successor)).status_code == 400


async def test_a_session_that_nobody_uses_ends(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(refresh_token_idle_seconds=3600) as service:
        tokens = await logged_in(service)
        advance(monkeypatch, timedelta(minutes=50))
        used = (await refresh(service, tokens.refresh)).json()["refresh_token"]
        advance(monkeypatch, timedelta(minutes=50))
        used_again = await refresh(service, used)
        advance(monkeypatch, timedelta(minutes=61))

        idle = await refresh(service, used_again.json()["refresh_token"])

    assert used_again.status_code == 200
    assert idle.status_code == 400
    assert idle.json()["error"] == "invalid_grant"


async def test_a_session_ends_however_often_it_is_used(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(refresh_token_ttl_seconds=7200) as service:
        token = (await logged_in(service)).refresh
        for _ in range(2):
            advance(monkeypatch, timedelta(minutes=50))
            response = await refresh(service, token)
            token = response.json()["refresh_token"]
        advance(monkeypatch, timedelta(minutes=50))

        late = await refresh(service, token)

    assert response.status_code == 200
    assert late.status_code == 400


async def test_a_disabled_user_cannot_refresh(service: Service) -> None:
    tokens = await logged_in(service)
    async with service.database.write() as session:
        await session.execute(update(User).values(is_active=False))

    response = await refresh(service, tokens.refresh)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_grant"


async def test_an_access_token_is_no_refresh_token(service: Service) -> None:
    tokens = await logged_in(service)

    response = await refresh(service, tokens.access)

    assert response.status_code == 400


@pytest.mark.parametrize("change", ["", "x", "\u00e9", "=", " "])
async def test_a_changed_token_is_not_valid_and_harms_nothing(
    service: Service, change: str
) -> None:
    tokens = await logged_in(service)

    changed = await refresh(service, tokens.refresh[:-1] + change)

    assert changed.status_code == 400
    assert (await refresh(service, tokens.refresh)).status_code == 200


async def test_a_token_of_the_previous_key_still_refreshes(start: Start) -> None:
    old, new = "k3yOf1927-before-Rotation!qwzxv#", "n3wKey2026-after-Rotation!plmokn"
    async with start(secret_key=old) as service:
        tokens = await logged_in(service)

    async with start(secret_key=new, secret_key_previous=old) as service:
        response = await refresh(service, tokens.refresh)

    async with start(secret_key=new) as service:
        second = await refresh(service, response.json()["refresh_token"])

    assert response.status_code == 200
    assert second.status_code == 200


async def test_grace_finds_the_successor_that_the_previous_key_issued(start: Start) -> None:
    old, new = "k3yOf1927-before-Rotation!qwzxv#", "n3wKey2026-after-Rotation!plmokn"
    async with start(secret_key=old, refresh_reuse_grace_seconds=10) as service:
        tokens = await logged_in(service)
        successor = (await refresh(service, tokens.refresh)).json()["refresh_token"]

    async with start(
        secret_key=new, secret_key_previous=old, refresh_reuse_grace_seconds=10
    ) as service:
        again = await refresh(service, tokens.refresh)

    assert again.status_code == 200
    assert again.json()["refresh_token"] == successor


async def test_only_the_hash_of_a_token_is_stored(service: Service) -> None:
    tokens = await logged_in(service)

    async with service.database.read() as session:
        rows = (await session.execute(select(Session.__table__))).all()

    assert len(rows) == 1
    assert hashlib.sha256(tokens.refresh.encode()).hexdigest() in rows[0]
    assert tokens.refresh not in rows[0]
