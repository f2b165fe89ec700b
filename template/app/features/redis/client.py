"""The one way to Redis: what waits is sent together, in bounded time, or not at all.

closed ── a failure, or no answer in time ──▶ open ── a probe is answered in time ──▶ closed

While it is open nothing is sent and nobody waits; a probe runs beside the requests.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core import instruments
from app.features.redis.settings import CONNECT_SECONDS, RedisSettings, clients

log = structlog.get_logger("app.redis")

ANSWER_SECONDS = 0.1
PROBE_EVERY_SECONDS = 0.5
MAX_BATCH = 256
FAILURES = (RedisError, OSError, TimeoutError)

type Command = tuple[str | bytes | int, ...]


class RedisUnavailable(Exception):
    """Redis did not answer, or is not asked because it did not answer before."""


class RedisClient:
    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: list[Redis] = []
        self._offered: str | None = None
        self._is_open = True
        self._waiting: list[tuple[Sequence[Command], asyncio.Future[list[Any]]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = False

    async def call(self, *commands: Command) -> list[Any]:
        """One answer for each command. Raises RedisUnavailable."""
        if self._is_open:
            raise RedisUnavailable
        with instruments.asking("redis", " ".join(str(command[0]) for command in commands)):
            answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
            self._waiting.append((commands, answer))
            if not self._sending:
                self._sending = True
                self._begin(self._send())
            return await answer

    async def ping(self) -> None:
        await self.call(("PING",))

    async def follow(self, settings: RedisSettings) -> None:
        """To another address or password, once a server takes it."""
        url = settings.redis_url.get_secret_value() if settings.redis_url else self._url
        is_offering, self._offered = self._offered is not None, url
        if not is_offering:
            self._begin(self._offer())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """A server that is away at the start is probed until it comes."""
        self._clients = clients(self._url)
        try:
            if await self._probed():
                self._is_open = False
            else:
                log.warning("redis.unavailable")
                self._begin(self._probe())
            yield
        finally:
            await self._close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                answers = iter(await self._exchange([one for some, _ in batch for one in some]))
            except Exception as error:  # the edge of a loop that all callers wait for
                self._fail([*batch, *self._waiting])
                log.warning("redis.unavailable", error=type(error).__name__)
                self._begin(self._probe())
                break
            except asyncio.CancelledError:
                self._fail([*batch, *self._waiting])
                raise
            for commands, answer in batch:
                mine = [next(answers) for _ in commands]
                if not answer.done():  # its request may have gone
                    answer.set_result(mine)
        self._sending = False

    async def _exchange(self, commands: list[Command]) -> list[Any]:
        """Raises one of FAILURES."""
        async with asyncio.timeout(ANSWER_SECONDS):
            async with self._clients[0].pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return list(await pipeline.execute())

    def _fail(self, calls: list[tuple[Sequence[Command], asyncio.Future[list[Any]]]]) -> None:
        self._is_open = True
        self._waiting = []
        for _, answer in calls:
            if not answer.done():
                answer.set_exception(RedisUnavailable())

    async def _probe(self) -> None:
        while True:
            await self._disconnected()  # no late answer may be read as another's
            await asyncio.sleep(PROBE_EVERY_SECONDS)
            if await self._probed():
                break
        self._is_open = False
        log.info("redis.available")

    async def _probed(self) -> bool:
        """Whether a connection can be had, and is then answered as fast as a request needs it."""
        if not await _lets_in(self._clients[0]):
            return False
        try:
            await self._exchange([("PING",)])
        except FAILURES:
            return False
        return True

    async def _offer(self) -> None:
        while (url := self._offered) not in {None, self._url}:
            spare = clients(str(url))
            try:
                if await _lets_in(spare[0]):
                    spare, self._clients, self._url = self._clients, spare, str(url)
                    log.info("redis.login_replaced")
                await asyncio.sleep(PROBE_EVERY_SECONDS)  # or for what is under way
            finally:
                await _close(spare)
        self._offered = None

    async def _disconnected(self) -> None:
        for one in self._clients:
            with suppress(*FAILURES):
                await one.connection_pool.disconnect()

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail(self._waiting)
        self._sending = False
        await _close(self._clients)


async def _lets_in(client: Redis) -> bool:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await client.ping()
    except FAILURES:
        return False
    return True


async def _close(some: list[Redis]) -> None:
    for one in some:
        await one.aclose()
