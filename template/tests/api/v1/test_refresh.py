"""Rotation of refresh tokens: one lineage, and the end of it when a token is used twice."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select, update

from app.models.session import Session
from app.models.user import User
from tests.support.factories import Tokens, logged_in, refresh, status_of_me
from tests.support.service import Service, Start
from tests.support.time_travel import advance


def tokens_of(response: Response) -> Tokens:
    assert response.status_code == 200, response.text
    body = response.json()
    return Tokens(body["access_token"], body["refresh_token"])


async def assert_refused(service: Service, *refused: str) -> None:
    for token in refused:
        response = await refresh(service, token)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_returns_new_tokens_of_the_same_session(service: Service) -> None:
    tokens = await logged_in(service)

    response = await refresh(service, tokens.refresh)

    renewed = tokens_of(response)
    assert response.headers["Cache-Control"] == "no-store"
    assert renewed.refresh != tokens.refresh
    assert [await status_of_me(service, some) for some in (renewed, tokens)] == [200, 200]


async def test_a_token_used_twice_ends_its_whole_family_and_no_other(service: Service) -> None:
    tokens, other = await logged_in(service), await logged_in(service)
    newest = tokens_of(await refresh(service, tokens.refresh))

    await assert_refused(service, tokens.refresh, newest.refresh)

    assert [await status_of_me(service, some) for some in (newest, tokens)] == [401, 401]
    tokens_of(await refresh(service, other.refresh))


async def test_at_grace_0_concurrent_refreshes_end_the_family(service: Service) -> None:
    tokens = await logged_in(service)

    responses = await asyncio.gather(*(refresh(service, tokens.refresh) for _ in range(20)))

    winners = [response for response in responses if response.status_code == 200]
    assert {response.status_code for response in responses} == {200, 400}
    assert len(winners) == 1
    await assert_refused(service, tokens_of(winners[0]).refresh)


async def test_at_grace_5_concurrent_refreshes_share_one_successor(start: Start) -> None:
    async with start(refresh_reuse_grace_seconds=5) as service:
        tokens = await logged_in(service)

        responses = await asyncio.gather(*(refresh(service, tokens.refresh) for _ in range(20)))

        successors = {tokens_of(response).refresh for response in responses}
        assert len(successors) == 1
        tokens_of(await refresh(service, successors.pop()))


async def test_grace_is_for_the_immediate_predecessor_only(start: Start) -> None:
    async with start(refresh_reuse_grace_seconds=5) as service:
        first = (await logged_in(service)).refresh
        second = tokens_of(await refresh(service, first)).refresh
        third = tokens_of(await refresh(service, second)).refresh

        await assert_refused(service, first, third)


async def test_grace_ends(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start(refresh_reuse_grace_seconds=5) as service:
        tokens = await logged_in(service)
        successor = tokens_of(await refresh(service, tokens.refresh))
        advance(monkeypatch, timedelta(seconds=6))

        await assert_refused(service, tokens.refresh, successor.refresh)


@pytest.mark.parametrize(
    ("limit", "last_minutes"),
    [({"refresh_token_idle_seconds": 3600}, 61), ({"refresh_token_ttl_seconds": 7200}, 50)],
)
async def test_a_session_ends_unused_and_however_often_it_is_used(
    start: Start, monkeypatch: pytest.MonkeyPatch, limit: dict[str, Any], last_minutes: int
) -> None:
    async with start(**limit) as service:
        token = (await logged_in(service)).refresh
        for _ in range(2):
            advance(monkeypatch, timedelta(minutes=50))
            token = tokens_of(await refresh(service, token)).refresh
        advance(monkeypatch, timedelta(minutes=last_minutes))

        await assert_refused(service, token)


async def test_a_disabled_user_cannot_refresh(service: Service) -> None:
    tokens = await logged_in(service)
    async with service.database.write() as session:
        await session.execute(update(User).values(is_active=False))

    await assert_refused(service, tokens.refresh)


@pytest.mark.parametrize("change", ["", "x", "\u00e9", "=", " "])
async def test_another_token_is_not_valid_and_harms_nothing(service: Service, change: str) -> None:
    tokens = await logged_in(service)

    await assert_refused(service, tokens.refresh[:-1] + change, tokens.access)

    tokens_of(await refresh(service, tokens.refresh))


async def test_a_token_of_the_previous_key_still_refreshes(start: Start) -> None:
    old, new = "k3yOf1927-before-Rotation!qwzxv#", "n3wKey2026-after-Rotation!plmokn"
    async with start(secret_key=old, refresh_reuse_grace_seconds=10) as service:
        tokens = await logged_in(service)
        successor = tokens_of(await refresh(service, tokens.refresh))

    async with start(
        secret_key=new, secret_key_previous=old, refresh_reuse_grace_seconds=10
    ) as service:
        again = tokens_of(await refresh(service, tokens.refresh))
        renewed = tokens_of(await refresh(service, successor.refresh))

    async with start(secret_key=new) as service:
        tokens_of(await refresh(service, renewed.refresh))

    assert again.refresh == successor.refresh


async def test_only_the_hash_of_a_token_is_stored(service: Service) -> None:
    tokens = await logged_in(service)

    async with service.database.read() as session:
        [row] = (await session.execute(select(Session.__table__))).all()

    assert hashlib.sha256(tokens.refresh.encode()).hexdigest() in row
    assert tokens.refresh not in row
