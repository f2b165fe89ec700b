"""Redis, for what may be lost: the cache, and counts that all instances share.

Without REDIS_URL nothing is kept and nothing is shared, which only production refuses.
"""

from fastapi import FastAPI

from app.core import health, lifespan, registry
from app.core.database import Database
from app.core.project import project
from app.core.security.lockout import Counters
from app.core.security.principal import Principals
from app.core.settings import Settings
from app.features.redis.cache import Cache, Namespace, cache_of, cached
from app.features.redis.client import RedisClient, RedisUnavailable
from app.features.redis.counters import CachedCounters
from app.features.redis.principals import CachedPrincipals
from app.features.redis.settings import RedisSettings
from app.features.redis.store import RedisStore

__all__ = [
    "Cache",
    "Namespace",
    "RedisClient",
    "RedisUnavailable",
    "cache_of",
    "cached",
    "install",
    "key_prefix",
]


def install(app: FastAPI, settings: Settings) -> None:
    url = settings.group(RedisSettings).redis_url
    # A client that is never opened counts as away: the cache then keeps nothing.
    client = RedisClient(url.get_secret_value() if url else "")
    cache = registry.add(app, Cache, Cache(RedisStore(client, key_prefix())))
    if url is None:
        return
    registry.add(app, RedisClient, client)
    registry.add(app, Counters, CachedCounters(registry.get(app, Database), cache))
    registry.add(app, Principals, CachedPrincipals(registry.get(app, Principals), cache))
    settings.on_change(RedisSettings, {"redis_url"}, client.follow)
    health.register(app, "redis", client.ping, critical=False)
    lifespan.add(app, client.opened)


def key_prefix() -> str:
    """Of every key, so that services can share a server."""
    return f"{project().name}:"
