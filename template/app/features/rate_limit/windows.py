"""How often something happened in a moving window: counted in this process, in bounded memory,
until a feature replaces the count with a shared one.
"""

import math
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple, Protocol

MAX_KEYS = 50_000
"""The keys that were longest without a hit make room; those in use are counted on."""


class Window(NamedTuple):
    name: str
    """Of the limit, one of a few words."""
    key: str
    amount: int
    seconds: int


class LimitResult(NamedTuple):
    window: Window
    remaining: int
    """Hits that are still free; -1 where there was none for this one."""
    wait: float
    """Seconds until the oldest hit leaves the window."""

    @property
    def is_refused(self) -> bool:
        return self.remaining < 0

    @property
    def wait_seconds(self) -> int:
        return max(1, math.ceil(self.wait))


class Windows(Protocol):
    async def hit(self, windows: Sequence[Window]) -> list[LimitResult]:
        """Counts under every window or, where one is full, under none: a refusal prolongs nothing.

        A result for each window, in order.
        """
        ...


class MemoryWindows:
    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._hits: OrderedDict[str, array[float]] = OrderedDict()

    async def hit(self, windows: Sequence[Window]) -> list[LimitResult]:
        now = monotonic()
        hits = [self._live(window, now) for window in windows]
        is_free = all(
            len(times) < window.amount for times, window in zip(hits, windows, strict=True)
        )
        if is_free:
            for times in hits:
                times.append(now)
        while len(self._hits) > self._max_keys:
            self._hits.popitem(last=False)
        return [
            LimitResult(
                window,
                window.amount - len(times) if is_free or len(times) < window.amount else -1,
                times[0] + window.seconds - now if times else 0.0,
            )
            for times, window in zip(hits, windows, strict=True)
        ]

    def _live(self, window: Window, now: float) -> "array[float]":
        """The times of the hits in the window, oldest first."""
        times = self._hits.get(window.key)
        if times is None:
            times = self._hits[window.key] = array("d")
        else:
            self._hits.move_to_end(window.key)
            del times[: bisect_right(times, now - window.seconds)]
        return times
