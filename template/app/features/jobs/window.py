"""How many jobs a worker holds: those that run, and ahead of them what is soon over.

A claim costs a statement, and so does each end. Jobs that take no time are claimed many at once;
those that take long only when they can begin, because what is held here runs nowhere else.
"""

import asyncio
from collections import deque

AHEAD_SECONDS = 0.1
"""So long a job may be held before it begins, going by what the last ones took."""
MAX_AHEAD = 200
WEIGHT = 0.1
"""Of one job, in the average of how long they take."""


class ClaimWindow:
    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._held = 0
        self._average_seconds = float(AHEAD_SECONDS)
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        soon = self._concurrency * AHEAD_SECONDS / max(self._average_seconds, 0.001)
        return max(self._concurrency, min(int(soon), self._concurrency + MAX_AHEAD))

    async def enter(self) -> None:
        if self._held < self.limit:
            self._held += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        self._held -= 1
        while self._waiting and self._held < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._held += 1
                turn.set_result(None)

    def took(self, seconds: float) -> None:
        self._average_seconds += WEIGHT * (seconds - self._average_seconds)
