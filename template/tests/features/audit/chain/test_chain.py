"""Committed entries are sealed in order, and whoever changes the trail by SQL is found out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from uuid_utils.compat import uuid7

from app.core import clock, registry
from app.core.database import Database
from app.core.security import Security, events
from app.core.settings import Settings
from app.features.audit.chain import verification
from app.features.audit.chain.keys import AuditKeys
from app.features.audit.chain.sealer import BrokenChainError, adopt, seal_all
from app.features.audit.chain.trail import ChainedTrail
from app.features.audit.trail import AuditTrail
from tests.support.service import Service, Start
from tests.support.time_travel import advance

# The sealer of a shared application would seal what these tests leave.
pytestmark = pytest.mark.own_service

ENTRIES = 6
COPY = """
INSERT INTO audit_entries (id, at, actor_id, action, target, outcome, ip, user_agent,
    correlation_id, detail, mac, sequence, seal)
SELECT {identity}, at, actor_id, action, target, outcome, ip, user_agent, correlation_id, detail,
    mac, {sequence}, seal FROM audit_entries WHERE sequence = 3
"""
UNSIGNED = """
INSERT INTO audit_entries (id, at, action, outcome, detail)
SELECT {identity}, at, action, outcome, detail FROM audit_entries WHERE sequence = 3
"""
UNSEAL = "UPDATE audit_entries SET mac = NULL, sequence = NULL, seal = NULL"


def keys_of(service: Service) -> AuditKeys:
    security = registry.get(service.app, Security)
    return AuditKeys(security.derived_keys)


def trail_of(service: Service) -> AuditTrail:
    return registry.get(service.app, AuditTrail)


async def written(service: Service, count: int = ENTRIES) -> None:
    for number in range(count):
        async with service.database.write() as session:
            events.record(session, "test.done", actor_id=uuid7(), target="a", number=number)


async def sealed(service: Service, count: int = ENTRIES) -> None:
    await written(service, count)
    await seal_all(service.database, keys_of(service))


async def execute(service: Service, *statements: str) -> None:
    async with service.database.write() as session:
        for statement in statements:
            await session.execute(text(statement))


async def verify(service: Service) -> verification.VerifiedRange:
    return await verification.verify(service.database, keys_of(service))


def another_id() -> str:
    return f"'{uuid7()}'"


async def test_entries_are_sealed_in_the_order_they_were_written(service: Service) -> None:
    await sealed(service)

    whole = await verify(service)

    rows = await service.database.rows(text("SELECT sequence FROM audit_entries ORDER BY id"), {})
    assert [row.sequence for row in rows] == list(range(1, ENTRIES + 1))
    assert (whole.first, whole.last) == (1, ENTRIES)


async def test_an_empty_trail_is_whole(service: Service) -> None:
    assert (await verify(service)).last == 0


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["UPDATE audit_entries SET action = 'other' WHERE sequence = 3"], "number 3 .*changed"),
        (["UPDATE audit_entries SET target = NULL WHERE sequence = 1"], "number 1 .*changed"),
        (["UPDATE audit_entries SET actor_id = NULL WHERE sequence = 4"], "number 4 .*changed"),
        (["UPDATE audit_entries SET ip = '192.0.2.1' WHERE sequence = 2"], "number 2 .*changed"),
        (["UPDATE audit_entries SET outcome = 'failure' WHERE sequence = 6"], "number 6 .*changed"),
        (["UPDATE audit_entries SET detail = '{}' WHERE sequence = 5"], "number 5 .*changed"),
        (
            ["UPDATE audit_entries SET at = '2026-01-01 00:00:00.000000' WHERE sequence = 5"],
            "number 5 .*changed",
        ),
        (["UPDATE audit_entries SET seal = NULL WHERE sequence = 3"], "number 3 .*changed"),
        (
            ["UPDATE audit_entries SET action = 'x', mac = 'x.1', seal = 'x.1' WHERE sequence = 3"],
            "entries number 3 to 4 ",
        ),
        (
            ["UPDATE audit_entries SET action = 'x', mac = 'x.1', seal = 'x.1' WHERE sequence = 6"],
            "number 6 is not",
        ),
        (["DELETE FROM audit_entries WHERE sequence = 1"], "number 1 was removed"),
        (["DELETE FROM audit_entries WHERE sequence = 3"], "number 3 was removed"),
        (["DELETE FROM audit_entries WHERE sequence = 6"], "number 6 was removed"),
        (["DELETE FROM audit_entries"], "number 1 was removed"),
        (["DELETE FROM audit_chain"], "record of the chain was removed"),
        (
            [
                "DELETE FROM audit_entries WHERE sequence = 6",
                "UPDATE audit_chain SET head_sequence = 5",
            ],
            "record of the chain was changed",
        ),
        (
            [
                "DELETE FROM audit_entries WHERE sequence < 3",
                "UPDATE audit_chain SET base_sequence = 2",
            ],
            "record of the chain was changed",
        ),
        (
            [
                "UPDATE audit_entries SET sequence = -1 WHERE sequence = 3",
                "UPDATE audit_entries SET sequence = 3 WHERE sequence = 4",
                "UPDATE audit_entries SET sequence = 4 WHERE sequence = -1",
            ],
            "number 3 is not what was sealed",
        ),
        (
            [
                "DELETE FROM audit_entries WHERE sequence = 3",
                "UPDATE audit_entries SET sequence = 3 WHERE sequence = 4",
                "UPDATE audit_entries SET sequence = 4 WHERE sequence = 5",
                "UPDATE audit_entries SET sequence = 5 WHERE sequence = 6",
            ],
            "number 3 is not what was sealed",
        ),
        ([COPY.format(identity="{id}", sequence="7")], "number 7 .*inserted"),
        ([COPY.format(identity="{id}", sequence="0")], "number 0 .*inserted"),
        ([COPY.format(identity="{id}", sequence="NULL")], "not written by this service"),
        ([UNSIGNED.format(identity="{id}")], "not written by this service"),
    ],
)
async def test_the_first_entry_that_is_not_as_it_was_sealed_is_named(
    service: Service, statements: list[str], named: str
) -> None:
    await sealed(service)
    await verify(service)

    await execute(service, *(statement.replace("{id}", another_id()) for statement in statements))

    with pytest.raises(BrokenChainError, match=named):
        await verify(service)


async def test_what_the_service_did_not_write_is_never_sealed(service: Service) -> None:
    await sealed(service)
    forged = COPY.format(identity=another_id(), sequence="NULL")
    await execute(service, forged)
    await sealed(service, 2)

    with pytest.raises(BrokenChainError, match="not written by this service"):
        await verify(service)

    rows = await service.database.rows(
        text("SELECT count(*) FROM audit_entries WHERE sequence IS NULL"), {}
    )
    assert rows[0][0] == 1


async def test_entries_from_before_the_chain_are_its_first(service: Service) -> None:
    await sealed(service)
    await execute(service, UNSEAL, "DELETE FROM audit_chain")

    with pytest.raises(BrokenChainError, match="app audit adopt"):
        await sealed(service, 2)
    assert await adopt(service.database, keys_of(service)) == ENTRIES
    await seal_all(service.database, keys_of(service))

    rows = await service.database.rows(text("SELECT sequence FROM audit_entries ORDER BY id"), {})
    assert [row.sequence for row in rows] == list(range(1, ENTRIES + 3))
    assert (await verify(service)).last == ENTRIES + 2


async def test_a_chain_begins_once(service: Service) -> None:
    await sealed(service)
    await execute(service, f"{UNSEAL} WHERE sequence = {ENTRIES}", "DELETE FROM audit_chain")

    for attempt in (seal_all, adopt):
        with pytest.raises(BrokenChainError, match="record of the chain was removed"):
            await attempt(service.database, keys_of(service))


async def test_a_chain_that_has_begun_adopts_nothing(service: Service) -> None:
    await sealed(service)
    await execute(service, UNSIGNED.format(identity=another_id()))

    with pytest.raises(BrokenChainError, match="chain has begun"):
        await adopt(service.database, keys_of(service))


async def test_an_entry_that_waits_for_over_a_minute_is_named(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody seals here: no service runs."""
    database = Database(make_url(database_url), Settings(env_file=None))
    keys = AuditKeys(lambda purpose: [purpose.encode()])
    events.add_recorder(database, ChainedTrail(database, keys))
    async with database.write() as session:
        events.record(session, "test.done", actor_id=None)
    await verification.verify(database, keys)

    advance(monkeypatch, timedelta(seconds=61))

    with pytest.raises(BrokenChainError, match="not been sealed for over a minute"):
        await verification.verify(database, keys)
    await database.close()


async def test_a_forged_record_of_the_chain_is_not_built_upon(service: Service) -> None:
    await sealed(service)
    await execute(service, "UPDATE audit_chain SET head_sequence = 4")
    await written(service, 1)

    with pytest.raises(BrokenChainError, match="record of the chain"):
        await seal_all(service.database, keys_of(service))


async def test_pruning_leaves_an_anchor_from_which_the_rest_verifies(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed(service)
    advance(monkeypatch, timedelta(days=10))
    await sealed(service, 3)

    removed = await trail_of(service).prune(clock.now() - timedelta(days=5))

    whole = await verify(service)
    assert removed == ENTRIES
    assert whole.first == ENTRIES + 1


async def test_pruning_removes_nothing_behind_a_broken_entry(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed(service)
    await execute(service, "UPDATE audit_entries SET action = 'other' WHERE sequence = 3")
    advance(monkeypatch, timedelta(days=10))

    with pytest.raises(BrokenChainError, match="number 3 "):
        await trail_of(service).prune(clock.now())

    assert len(await service.database.rows(text("SELECT id FROM audit_entries"), {})) == ENTRIES


async def test_200_writers_at_once_end_in_one_chain(service: Service) -> None:
    keys = keys_of(service)
    places = asyncio.Semaphore(8)

    async def write(number: int) -> None:
        async with places, service.database.write() as session:
            events.record(session, "test.done", actor_id=None, number=number)
        if number % 20 == 0:
            await seal_all(service.database, keys)

    await asyncio.gather(*(write(number) for number in range(200)))
    while (await verify(service)).last < 200:
        await seal_all(service.database, keys)

    assert (await verify(service)).last == 200


async def test_the_service_seals_by_itself(service: Service) -> None:
    await written(service)

    async with asyncio.timeout(20):
        while (await verify(service)).last < ENTRIES:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.05)


async def test_what_a_former_key_sealed_stays_proved(start: Start) -> None:
    former, current, next_one = (f"{name}-q8Zr2LmXw7TbVn4KcYd9HsPf" for name in "abc")
    async with start(secret_key=former) as service:
        await sealed(service)
    async with start(secret_key=current, secret_key_previous=former) as service:
        await sealed(service)
    settings: dict[str, Any] = {"secret_key": next_one, "secret_key_previous": current}
    async with start(**settings) as service:
        assert (await verify(service)).last == 2 * ENTRIES
        await execute(service, "UPDATE audit_entries SET action = 'other' WHERE sequence = 2")

        with pytest.raises(BrokenChainError, match="one of the entries number 1 to 7"):
            await verify(service)
