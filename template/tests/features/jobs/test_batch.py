"""Statements of many tasks are sent together."""

import asyncio

import pytest

from app.features.jobs.claims import MAX_SIZE, Batch


async def test_what_waits_is_sent_together_and_everyone_gets_its_own_answer() -> None:
    sent: list[list[int]] = []

    async def double(items: list[int]) -> list[int]:
        sent.append(items)
        return [2 * item for item in items]

    batch = Batch(double)
    answers = await asyncio.gather(*(batch(number) for number in range(MAX_SIZE + 1)))

    assert answers == [2 * number for number in range(MAX_SIZE + 1)]
    assert [len(items) for items in sent] == [MAX_SIZE, 1]


async def test_a_failure_is_raised_to_all_that_wait_and_to_nobody_after() -> None:
    failing = True

    async def send(items: list[int]) -> list[int]:
        if failing:
            raise ConnectionError
        return items

    batch = Batch(send)
    failed = await asyncio.gather(batch(1), batch(2), return_exceptions=True)
    failing = False

    assert [type(error) for error in failed] == [ConnectionError, ConnectionError]
    assert await batch(3) == 3


async def test_who_no_longer_waits_disturbs_nobody() -> None:
    async def send(items: list[int]) -> list[int]:
        await asyncio.sleep(0.01)
        return items

    batch = Batch(send)
    gone, stays = asyncio.create_task(batch(1)), asyncio.create_task(batch(2))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == 2
    with pytest.raises(asyncio.CancelledError):
        await gone
