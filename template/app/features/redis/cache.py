"""Answers that are kept for a while: looked up by key, loaded once when absent, forgotten by tag.

A part makes a `Namespace`: one type, one lifetime. All of them are kept in one Redis; while it is
away, nothing is kept and each answer is loaded.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from time import monotonic
from typing import Any

from fastapi import Request
from pydantic import TypeAdapter

from app.core import instruments, registry
from app.features.redis.store import RedisStore, StoredValue

JITTER = 0.1
"""The random share of a lifetime: answers that are stored together expire apart."""
SETTLING_SECONDS = 1.0
"""After a change this process ignores stored answers with the changed tag for this long: Redis may
not hear of the change, or an older answer may still be on its way there.
"""


@dataclass
class _Flight:
    task: asyncio.Task[Any]
    tags: Sequence[str]


@dataclass
class Cache:
    store: RedisStore
    _flights: dict[str, _Flight] = field(default_factory=dict)
    _settled_at: dict[str, float] = field(default_factory=dict)

    def namespace[T](
        self,
        name: str,
        kind: type[T],
        *,
        ttl: timedelta,
        absent_ttl: timedelta = timedelta(0),
    ) -> "Namespace[T]":
        """`absent_ttl` is how long the answer None is kept."""
        adapter: TypeAdapter[T | None] = TypeAdapter(kind | None)  # type: ignore[arg-type]
        return Namespace(self, name, adapter, ttl, absent_ttl)

    async def invalidate(self, tag: str) -> None:
        """Forgets every answer with this tag, and the loads under way for it."""
        self._unsettle(tag)
        for key in [key for key, flight in self._flights.items() if tag in flight.tags]:
            del self._flights[key]
        await self.store.invalidate(tag)

    async def forget(self, key: str) -> None:
        self._unsettle(key)
        self._flights.pop(key, None)
        await self.store.forget(key)

    def is_settled(self, key: str, tags: Sequence[str]) -> bool:
        if not self._settled_at:
            return True
        now = monotonic()
        return all(self._settled_at.get(name, now) <= now for name in (key, *tags))

    def _unsettle(self, name: str) -> None:
        now = monotonic()
        self._settled_at.pop(name, None)  # to the end: the order is that of the times
        self._settled_at[name] = now + SETTLING_SECONDS
        while self._settled_at[first := next(iter(self._settled_at))] <= now:
            del self._settled_at[first]

    async def shared[T](self, key: str, tags: Sequence[str], load: Callable[[], Awaitable[T]]) -> T:
        """Concurrent callers wait for one load; it goes on when the one who began it leaves."""
        flight = self._flights.get(key)
        if flight is None:
            task = asyncio.ensure_future(load())
            flight = self._flights[key] = _Flight(task, tags)
            task.add_done_callback(lambda done: self._landed(key, done))
        answer: T = await asyncio.shield(flight.task)
        return answer

    def _landed(self, key: str, task: asyncio.Task[Any]) -> None:
        if (flight := self._flights.get(key)) and flight.task is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # the callers that still wait have raised it


@dataclass(frozen=True)
class Namespace[T]:
    cache: Cache
    name: str
    adapter: TypeAdapter[T | None]
    ttl: timedelta
    absent_ttl: timedelta

    async def get(self, key: str, *, tags: Sequence[str] = ()) -> T | None:
        """None where nothing is kept, and where the kept answer is None."""
        found = await self._lookup(self._full(key), tags)
        return None if found.value is None else self.adapter.validate_json(found.value)

    async def set(self, key: str, value: T | None, *, tags: Sequence[str] = ()) -> None:
        full = self._full(key)
        await self._keep(full, value, tags, (await self.cache.store.get(full, tags)).stamp)

    async def forget(self, key: str) -> None:
        await self.cache.forget(self._full(key))

    async def fetch(
        self, key: str, load: Callable[[], Awaitable[T | None]], *, tags: Sequence[str] = ()
    ) -> T | None:
        """The kept answer, else one `load` for all concurrent callers.

        A load may outlive the request that began it, so it opens its own database session.
        """
        full = self._full(key)
        found = await self._lookup(full, tags)
        if found.value is not None:
            return self.adapter.validate_json(found.value)

        async def loaded() -> T | None:
            value = await load()
            await self._keep(full, value, tags, found.stamp)
            return value

        return await self.cache.shared(full, tags, loaded)

    def _full(self, key: str) -> str:
        return f"{self.name}:{key}"

    async def _lookup(self, full: str, tags: Sequence[str]) -> StoredValue:
        if not self.cache.is_settled(full, tags):
            instruments.cache_request("miss")
            return StoredValue(None, None)
        found = await self.cache.store.get(full, tags)
        if found.stamp is None:
            instruments.cache_request("error")
        else:
            instruments.cache_request("miss" if found.value is None else "hit")
        return found

    async def _keep(self, full: str, value: T | None, tags: Sequence[str], stamp: Any) -> None:
        ttl = self.absent_ttl if value is None else self.ttl
        if ttl and stamp is not None and self.cache.is_settled(full, tags):
            ttl *= 1 - JITTER * random.random()  # noqa: S311
            await self.cache.store.set(full, self.adapter.dump_json(value), ttl, tags, stamp)


def cached[**P, T](
    namespace: Namespace[T], key: Callable[P, str], *, tags: Sequence[str] = ()
) -> Callable[[Callable[P, Awaitable[T | None]]], Callable[P, Awaitable[T | None]]]:
    """A decorator: keeps the answers of a function; `key` builds the key from its arguments."""

    def decorate(function: Callable[P, Awaitable[T | None]]) -> Callable[P, Awaitable[T | None]]:
        @wraps(function)
        async def kept(*arguments: P.args, **options: P.kwargs) -> T | None:
            name = key(*arguments, **options)
            return await namespace.fetch(name, lambda: function(*arguments, **options), tags=tags)

        return kept

    return decorate


def cache_of(request: Request) -> Cache:
    return registry.get(request, Cache)
