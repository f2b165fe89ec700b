"""Clients that go on asking a served process while something happens to what it needs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from tests.support.factories import bearer

ME = "/api/v1/users/me"
CLIENTS = 8
PAUSE_SECONDS = 0.02
CLIENT_TIMEOUT_SECONDS = 15
ANSWERS_AFTERWARDS = 10 * CLIENTS
AFTERWARDS_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    at: float
    seconds: float
    status: int


@dataclass
class Load:
    """Clients that ask again and again, a moment after each answer.

    They go on for a while after what happened. A request without an answer fails the test.
    """

    url: str
    token: str
    answers: list[Answer] = field(default_factory=list)
    health: list[Answer] = field(default_factory=list)
    _one_more: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._ask(ME, self.answers)) for _ in range(CLIENTS)]
        tasks.append(asyncio.create_task(self._ask("/health", self.health)))
        try:
            await asyncio.sleep(0.5)
            yield
            await self._answered(len(self.answers) + ANSWERS_AFTERWARDS)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _answered(self, count: int) -> None:
        async with asyncio.timeout(AFTERWARDS_SECONDS), self._one_more:
            await self._one_more.wait_for(lambda: len(self.answers) >= count)

    async def _ask(self, path: str, answers: list[Answer]) -> None:
        headers = bearer(self.token)
        timeout = CLIENT_TIMEOUT_SECONDS
        async with httpx2.AsyncClient(base_url=self.url, timeout=timeout) as client:
            while True:
                at = time.monotonic()
                response = await client.get(path, headers=headers)
                answers.append(Answer(at, time.monotonic() - at, response.status_code))
                async with self._one_more:
                    self._one_more.notify_all()
                await asyncio.sleep(PAUSE_SECONDS)

    def statuses(self, *, since: float = 0) -> set[int]:
        return {answer.status for answer in self.answers if answer.at >= since}

    def slowest(self, status: int) -> float:
        return max(answer.seconds for answer in self.answers if answer.status == status)
