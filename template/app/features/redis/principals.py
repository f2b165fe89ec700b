"""Principals that are kept for less than a second, and forgotten at every change of rights.

The database is the truth. An instance that misses a change, because Redis is away, may use the old
principal for the rest of that second.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

from app.core.security.principal import Principal, Principals
from app.features.redis.cache import Cache

TTL = timedelta(milliseconds=900)
"""A second less the time that Redis may take to answer."""
EVERYBODY = "everybody"


class CachedPrincipals:
    def __init__(self, principals: Principals, cache: Cache) -> None:
        self._principals = principals
        self._cache = cache
        self._kept = cache.namespace("principal", Principal, ttl=TTL)

    async def find(self, session_id: UUID, user_id: UUID) -> Principal | None:
        load = partial(self._principals.find, session_id, user_id)
        tags = (_tag(user_id), EVERYBODY)
        return await self._kept.fetch(f"{session_id}/{user_id}", load, tags=tags)

    async def forget(self, user_id: UUID | None) -> None:
        await self._cache.invalidate(_tag(user_id) if user_id else EVERYBODY)


def _tag(user_id: UUID) -> str:
    return f"user:{user_id}"
