"""Moving windows that all instances share; while Redis is away each counts for itself."""

from collections.abc import Sequence

from fastapi import FastAPI

from app.core import registry
from app.features.rate_limit.windows import LimitResult, MemoryWindows, Window, Windows
from app.features.redis import RedisClient, RedisUnavailable, key_prefix

# Each key is a list of times in ms, newest first. Returns whether all were free, then for each key
# the hits in its window and the ms until the oldest leaves it.
HIT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local free = 1
for i, key in ipairs(KEYS) do
  local oldest = redis.call('LINDEX', key, -1)
  while oldest and tonumber(oldest) <= now - ARGV[2 * i] do
    redis.call('RPOP', key)
    oldest = redis.call('LINDEX', key, -1)
  end
  if redis.call('LLEN', key) >= tonumber(ARGV[2 * i - 1]) then free = 0 end
end
local result = {free}
for i, key in ipairs(KEYS) do
  if free == 1 then
    redis.call('LPUSH', key, now)
    redis.call('PEXPIRE', key, ARGV[2 * i])
  end
  local oldest = redis.call('LINDEX', key, -1)
  table.insert(result, redis.call('LLEN', key))
  table.insert(result, oldest and oldest + ARGV[2 * i] - now or 0)
end
return result
"""


class RedisWindows:
    def __init__(self, client: RedisClient, prefix: str, fallback: Windows) -> None:
        self._client = client
        self._prefix = prefix
        self._fallback = fallback

    async def hit(self, windows: Sequence[Window]) -> list[LimitResult]:
        keys = [f"{self._prefix}window:{w.key}".encode("utf-8", "surrogatepass") for w in windows]
        bounds = [bound for window in windows for bound in (window.amount, window.seconds * 1000)]
        try:
            [(free, *counts)] = await self._client.call(("EVAL", HIT, len(keys), *keys, *bounds))
        except RedisUnavailable:
            return await self._fallback.hit(windows)
        return [
            LimitResult(
                window,
                window.amount - count if free or count < window.amount else -1,
                wait_ms / 1000,
            )
            for window, count, wait_ms in zip(windows, counts[::2], counts[1::2], strict=True)
        ]


def install(app: FastAPI) -> None:
    """After Redis, before the limits."""
    client = registry.find(app, RedisClient)
    if client is not None:
        registry.add(app, Windows, RedisWindows(client, key_prefix(), MemoryWindows()))
