"""What stands behind the cache; in this process it is bounded, what was not used longest goes."""

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple, Protocol

MAX_ENTRIES = 20_000
MAX_BYTES = 32 * 1024 * 1024


class StoredValue(NamedTuple):
    value: bytes | None
    stamp: Any
    """What the store knew at the lookup; None when it is away."""


class Store(Protocol):
    is_coherent: bool
    """Whether no other process keeps copies that would outlive a change."""

    async def get(self, key: str, tags: Sequence[str]) -> StoredValue: ...

    async def set(
        self, key: str, value: bytes, ttl: timedelta, tags: Sequence[str], stamp: Any
    ) -> None:
        """A lifetime counts from the lookup of `stamp`; a tag invalidated since then ends it."""
        ...

    async def forget(self, key: str) -> None: ...

    async def invalidate(self, tag: str) -> None: ...


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    value: bytes
    until: float
    tags: tuple[str, ...]


class MemoryStore:
    def __init__(
        self, *, is_coherent: bool, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES
    ) -> None:
        self.is_coherent = is_coherent
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, MemoryEntry] = OrderedDict()
        self._tagged: defaultdict[str, set[str]] = defaultdict(set)

    async def get(self, key: str, tags: Sequence[str]) -> StoredValue:
        now = monotonic()
        entry = self._entries.get(key)
        if entry is None:
            return StoredValue(None, now)
        if entry.until <= now:
            self._drop(key)
            return StoredValue(None, now)
        self._entries.move_to_end(key)
        return StoredValue(entry.value, now)

    async def set(
        self, key: str, value: bytes, ttl: timedelta, tags: Sequence[str], stamp: Any
    ) -> None:
        self._drop(key)
        if len(value) > self._max_bytes:
            return
        self._entries[key] = MemoryEntry(value, stamp + ttl.total_seconds(), tuple(tags))
        self._bytes += len(value)
        for tag in tags:
            self._tagged[tag].add(key)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def forget(self, key: str) -> None:
        self._drop(key)

    async def invalidate(self, tag: str) -> None:
        for key in tuple(self._tagged.get(tag, ())):
            self._drop(key)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= len(entry.value)
        for tag in entry.tags:
            self._tagged[tag].discard(key)
            if not self._tagged[tag]:
                del self._tagged[tag]
