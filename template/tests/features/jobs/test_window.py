"""A worker holds more jobs than it runs only while they take no time."""

import asyncio

import pytest

from app.features.jobs.claims import AHEAD_SECONDS, MAX_AHEAD, ClaimWindow

CONCURRENCY = 10


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
