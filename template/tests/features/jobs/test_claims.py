"""Statements of many tasks are sent together; jobs are held ahead only while they take no time."""

import asyncio

import pytest

from app.features.jobs.claims import AHEAD_SECONDS, MAX_AHEAD, MAX_SIZE, Batch, ClaimWindow

CONCURRENCY = 10


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


def test_nothing_is_held_ahead_before_it_is_known_how_long_jobs_take() -> None:
    assert ClaimWindow(CONCURRENCY).limit == CONCURRENCY


def test_jobs_that_take_no_time_are_held_ahead_and_long_ones_are_not() -> None:
    window = ClaimWindow(CONCURRENCY)

    for _ in range(100):
        window.took(0.0)
    quick = window.limit
    for _ in range(3):
        window.took(10 * AHEAD_SECONDS)

    assert quick == CONCURRENCY + MAX_AHEAD
    assert window.limit == CONCURRENCY


async def test_who_finds_it_full_waits_for_the_one_that_leaves() -> None:
    window = ClaimWindow(1)
    await window.enter()
    second = asyncio.create_task(window.enter())
    await asyncio.sleep(0)
    assert not second.done()

    window.leave()

    await second


async def test_who_gives_up_waiting_keeps_no_place() -> None:
    window = ClaimWindow(1)
    await window.enter()
    gone, stays = asyncio.create_task(window.enter()), asyncio.create_task(window.enter())
    await asyncio.sleep(0)

    window.leave()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    await asyncio.wait_for(stays, 1)
