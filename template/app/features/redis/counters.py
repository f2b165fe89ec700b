"""Counters in the database, whose reads are answered from Redis: an attack reads the same key again
and again.
"""

from datetime import timedelta

from app.core import clock
from app.core.database import Database
from app.core.security.lockout import Count, Counters, digest
from app.features.redis.cache import Cache

TTL = timedelta(seconds=5)
"""How long another instance may use an old count, if Redis misses its change."""


class CachedCounters(Counters):
    def __init__(self, database: Database, cache: Cache) -> None:
        super().__init__(database)
        self._kept = cache.namespace("count", Count, ttl=TTL)

    async def get(self, keys: list[str]) -> dict[str, Count]:
        counts = {key: await self._one(key) for key in keys}
        now = clock.now()
        return {key: count for key, count in counts.items() if count and count.expires_at > now}

    async def add(self, keys: list[str], window: timedelta) -> dict[str, Count]:
        counts = await super().add(keys, window)
        for key in keys:
            await self._kept.forget(digest(key))
        return counts

    async def reset(self, key: str) -> None:
        await super().reset(key)
        await self._kept.forget(digest(key))

    async def _one(self, key: str) -> Count | None:
        async def counted() -> Count | None:
            return (await super(CachedCounters, self).get([key])).get(key)

        return await self._kept.fetch(digest(key), counted)
