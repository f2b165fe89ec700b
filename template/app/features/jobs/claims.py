"""How a worker claims jobs: statements sent together, and a window of claims ahead."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

MAX_SIZE = 100


class Batch[Item, Answer]:
    def __init__(self, send: Callable[[list[Item]], Awaitable[list[Answer]]]) -> None:
        self._send = send
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Answer:
        """Its own answer of those that `send` gives, in order; raises what `send` raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        return await answer

    async def at_rest(self) -> None:
        """Returns once what is being sent is sent: who asked may have gone, its statement not."""
        if self._sender is not None:
            await asyncio.wait({self._sender})

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # what is ready to ask now may come along
                batch, self._waiting = self._waiting[:MAX_SIZE], self._waiting[MAX_SIZE:]
                await self._send_some(batch)
        finally:
            self._sender = None

    async def _send_some(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._send([item for item, _ in batch])
        except Exception as error:  # each of those that wait raises it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # its task may have been cancelled
                future.set_result(answer)


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
