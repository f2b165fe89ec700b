"""Statements of many tasks, sent together: one round trip for all that wait at the moment."""

import asyncio
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
