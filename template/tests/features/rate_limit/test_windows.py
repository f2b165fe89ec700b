"""Counting in this process: exact in a moving window, and bounded."""

import pytest

from app.features.rate_limit.windows import MemoryWindows, Window


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("app.features.rate_limit.windows.monotonic", clock)
    return clock


def window(key: str = "a", amount: int = 3, seconds: int = 60) -> Window:
    return Window("test", key, amount, seconds)


async def remaining(counted: MemoryWindows, *asked: Window) -> list[int]:
    return [verdict.remaining for verdict in await counted.hit(asked)]


async def test_a_hit_leaves_when_its_own_time_is_over(clock: Clock) -> None:
    counted = MemoryWindows()
    for _ in range(3):
        await counted.hit([window()])
        clock.now += 10

    [full] = await counted.hit([window()])
    clock.now += full.wait
    [free] = await counted.hit([window()])
    [again] = await counted.hit([window()])

    assert full.is_refused
    assert full.wait == 30
    assert full.wait_seconds == 30
    assert free.remaining == 0
    assert again.is_refused


@pytest.mark.usefixtures("clock")
async def test_where_one_window_is_full_no_other_counts() -> None:
    counted = MemoryWindows()
    narrow, wide = window("narrow", amount=1), window("wide")

    assert await remaining(counted, narrow, wide) == [0, 2]
    assert await remaining(counted, narrow, wide) == [-1, 2]
    assert await remaining(counted, wide) == [1]


async def test_a_million_keys_take_the_room_of_the_last_ones() -> None:
    counted = MemoryWindows(max_keys=100)

    for number in range(1_000):
        await counted.hit([window("in use", amount=2_000), window(str(number))])

    assert len(counted._hits) == 100
    assert await remaining(counted, window("in use", amount=2_000)) == [999]
    assert await remaining(counted, window("0")) == [2]
