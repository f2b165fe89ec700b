"""Redis, for what may be lost: answers and counts that are had without it, only slower.

Without REDIS_URL nothing is replaced, which only production refuses.
"""

from fastapi import FastAPI

from app.core import health, lifespan, registry
from app.core.database import Database
from app.core.project import project
from app.core.security.lockout import Counters
from app.core.settings import Settings
from app.features.cache import Cache
from app.features.redis.client import RedisClient, RedisUnavailable
from app.features.redis.counters import CachedCounters
from app.features.redis.settings import RedisSettings
from app.features.redis.store import RedisStore

__all__ = ["RedisClient", "RedisUnavailable", "install", "key_prefix"]


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(RedisSettings)
    if group.redis_url is None:
        return
    client = registry.add(app, RedisClient, RedisClient(group.redis_url.get_secret_value()))
    registry.add(app, Cache, Cache(RedisStore(client, key_prefix())))
    registry.add(
        app, Counters, CachedCounters(registry.get(app, Database), registry.get(app, Cache))
    )
    settings.on_change(RedisSettings, {"redis_url"}, client.follow)
    health.register(app, "redis", client.ping, critical=False)
    lifespan.add(app, client.opened)


def key_prefix() -> str:
    """Of every key, so that services can share a server."""
    return f"{project().name}:"
