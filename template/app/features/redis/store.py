"""The cache's store in Redis. An answer is valid while the versions of its tags are those it was
looked up with, and until a lifetime after that lookup has passed on the clock of Redis itself: a
command that arrives late, even after minutes, stores nothing that would outlive it.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from app.features.redis.client import Command, RedisClient, RedisUnavailable

SEPARATOR = b"\n"
VERSION_BYTES = 8
VERSION_TTL_MS = 48 * 60 * 60 * 1000
"""Longer than any answer is kept: an answer must not outlive the version that ended it."""
MAX_TTL = timedelta(hours=24)


class StoredValue(NamedTuple):
    value: bytes | None
    stamp: Any
    """What Redis knew at the lookup; None while it is away."""


class RedisStore:
    def __init__(self, client: RedisClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def get(self, key: str, tags: Sequence[str]) -> StoredValue:
        names = [self._answer(key), *(self._version(tag) for tag in tags)]
        try:
            now, (stored, *versions) = await self._client.call(("TIME",), ("MGET", *names))
        except RedisUnavailable:
            return StoredValue(None, None)
        seconds, microseconds = map(int, now)
        known = b",".join(version or b"" for version in versions)
        stamp = (seconds * 1000 + microseconds // 1000, known)
        if stored is None:
            return StoredValue(None, stamp)
        valid_for, _, value = stored.partition(SEPARATOR)
        return StoredValue(value if valid_for == known else None, stamp)

    async def set(
        self, key: str, value: bytes, ttl: timedelta, tags: Sequence[str], stamp: Any
    ) -> None:
        """The lifetime counts from the lookup of `stamp`; a tag invalidated since then ends it."""
        at_ms, known = stamp
        until_ms = at_ms + int(min(ttl, MAX_TTL).total_seconds() * 1000)
        await self._tell("SET", self._answer(key), known + SEPARATOR + value, "PXAT", until_ms)

    async def forget(self, key: str) -> None:
        await self._tell("DEL", self._answer(key))

    async def invalidate(self, tag: str) -> None:
        version = secrets.token_hex(VERSION_BYTES)
        await self._tell("SET", self._version(tag), version, "PX", VERSION_TTL_MS)

    async def _tell(self, *command: str | bytes | int) -> None:
        """What is lost here, because Redis is away, ends with the lifetime of the answer."""
        told: Command = command
        try:
            await self._client.call(told)
        except RedisUnavailable:
            return

    def _answer(self, key: str) -> bytes:
        return f"{self._prefix}answer:{key}".encode("utf-8", "surrogatepass")

    def _version(self, tag: str) -> bytes:
        return f"{self._prefix}version:{tag}".encode("utf-8", "surrogatepass")
