"""Answers that are kept for a while: looked up by key, loaded once when absent, forgotten by tag.

A part makes a `Namespace`: one type, one lifetime. The store behind all of them is in this process
until a feature replaces it with a shared one.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from time import monotonic
from typing import Any

from fastapi import FastAPI, Request
from pydantic import TypeAdapter

from app.core import instruments, registry
from app.core.settings import Settings
from app.features.cache.stores import MemoryStore, Store, StoredValue

JITTER = 0.1
"""The share of a lifetime that is left to chance, so that what was stored together ends apart."""
SETTLING_SECONDS = 1.0
"""For so long after a change this process takes nothing of what it concerns from the store:
the word of the change may be lost on its way, or an older answer on its way in.
"""


@dataclass
class _Flight:
    task: asyncio.Task[Any]
    tags: Sequence[str]


@dataclass
class Cache:
    store: Store
    _flights: dict[str, _Flight] = field(default_factory=dict)
    _settled_at: dict[str, float] = field(default_factory=dict)

    def namespace[T](
        self,
        name: str,
        kind: type[T],
        *,
        ttl: timedelta,
        absent_ttl: timedelta = timedelta(0),
        coherent: bool = False,
    ) -> "Namespace[T]":
        """`absent_ttl` keeps that there is nothing. With `coherent`, nothing is kept where another
        process could go on answering with a copy of its own.
        """
        usable = self.store.is_coherent or not coherent
        adapter: TypeAdapter[T | None] = TypeAdapter(kind | None)  # type: ignore[arg-type]
        return Namespace(self, name, adapter, ttl, absent_ttl, usable)

    async def invalidate(self, tag: str) -> None:
        """Forgets every answer with this tag, and whatever is being loaded for it now."""
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
            task.exception()  # it was raised to whoever still waits


@dataclass(frozen=True)
class Namespace[T]:
    cache: Cache
    name: str
    adapter: TypeAdapter[T | None]
    ttl: timedelta
    absent_ttl: timedelta
    usable: bool

    async def get(self, key: str, *, tags: Sequence[str] = ()) -> T | None:
        """None where nothing is kept, and where it is kept that there is nothing."""
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
        """What is kept, else what `load` says, once for all who ask meanwhile. It may outlive the
        request that began it, so it opens the session it needs itself.
        """
        if not self.usable:
            return await load()
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
        if self.usable and ttl and stamp is not None and self.cache.is_settled(full, tags):
            ttl *= 1 - JITTER * random.random()  # noqa: S311
            await self.cache.store.set(full, self.adapter.dump_json(value), ttl, tags, stamp)


def cached[**P, T](
    namespace: Namespace[T], key: Callable[P, str], *, tags: Sequence[str] = ()
) -> Callable[[Callable[P, Awaitable[T | None]]], Callable[P, Awaitable[T | None]]]:
    """A function whose answers are kept; `key` names them by its arguments."""

    def decorate(function: Callable[P, Awaitable[T | None]]) -> Callable[P, Awaitable[T | None]]:
        @wraps(function)
        async def kept(*arguments: P.args, **options: P.kwargs) -> T | None:
            name = key(*arguments, **options)
            return await namespace.fetch(name, lambda: function(*arguments, **options), tags=tags)

        return kept

    return decorate


def install(app: FastAPI, settings: Settings) -> None:
    registry.add(app, Cache, Cache(MemoryStore(is_coherent=settings.runtime.instances == 1)))


def cache_of(request: Request) -> Cache:
    return registry.get(request, Cache)
