"""What is put is taken once, in time, and by nobody who lacks the handle."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.features.state_store import DatabaseStateStore, StateRow, StateStore
from tests.support.service import Service
from tests.support.time_travel import advance

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

TTL = timedelta(minutes=10)
STATE = {"verifier": "v", "scopes": ["openid"]}


@pytest.fixture
def store(service: Service) -> StateStore:
    return DatabaseStateStore(service.database)


async def test_a_state_is_taken_exactly_once(store: StateStore) -> None:
    handle = await store.put("login", STATE, TTL)

    taken = await asyncio.gather(*(store.take("login", handle) for _ in range(5)))

    assert sorted(taken, key=str) == [None, None, None, None, STATE]


async def test_a_handle_of_one_purpose_opens_no_other(store: StateStore) -> None:
    handle = await store.put("login", STATE, TTL)

    assert await store.take("code", handle) is None
    assert await store.take("login", handle) == STATE


async def test_what_is_put_back_takes_the_place_of_what_is_there(store: StateStore) -> None:
    handle = await store.put("login", STATE, TTL)

    await store.put_back("login", handle, {"second": True}, TTL)

    assert await store.take("login", handle) == {"second": True}


async def test_an_expired_state_is_gone_and_makes_room(
    store: StateStore, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = await store.put("login", STATE, TTL)
    advance(monkeypatch, TTL)

    assert await store.take("login", handle) is None
    await store.put("login", STATE, TTL)
    async with service.database.read() as session:
        assert len((await session.scalars(select(StateRow))).all()) == 1


async def test_the_handle_is_stored_nowhere(store: StateStore, service: Service) -> None:
    handle = await store.put("login", STATE, TTL)

    async with service.database.read() as session:
        row = (await session.scalars(select(StateRow))).one()
    assert handle not in row.key
    assert len(handle) >= 43  # 256 bits
