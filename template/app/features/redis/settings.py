"""Where Redis is: `redis://`, `rediss://` with TLS, or `redis+sentinel://a:26379,b:26379/name/0`."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr, field_validator
from redis.asyncio import Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.core.settings import SettingsGroup

SENTINEL = "+sentinel"
SCHEMES = {"redis", "rediss", "redis+sentinel", "rediss+sentinel"}
SENTINEL_PORT = 26379
CONNECT_SECONDS = 1.0
"""For a connection alone, with its TLS; what is asked over it has less time."""


class RedisSettings(SettingsGroup):
    redis_url: SecretStr | None = None
    """`redis://`, `rediss://` or `redis+sentinel://`."""

    @field_validator("redis_url")
    @classmethod
    def _understood(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            _check(url.get_secret_value())
        return url

    def problems(self) -> Iterator[str]:
        if self.redis_url is None:
            yield "REDIS_URL: production needs one"


def clients(url: str) -> list[Redis]:
    """The one to ask, then those that find its server; all are to be closed, none is connected yet.

    None tries again by itself: whoever asks knows what to do instead.
    """
    options = _options()
    if SENTINEL not in urlsplit(url).scheme:
        return [Redis.from_url(url, **options)]
    parts = urlsplit(url)
    name, _, database = parts.path.strip("/").partition("/")
    credentials = {"username": parts.username, "password": parts.password}
    options |= {key: unquote(value) for key, value in credentials.items() if value}
    query = dict(parse_qsl(parts.query))
    tls = {"ssl": True} | _tls(query) if parts.scheme.startswith("rediss") else {}
    sentinel_password = query.get("sentinel_password")
    sentinel_kwargs = (
        _options() | tls | ({"password": sentinel_password} if sentinel_password else {})
    )
    make: Any = Sentinel  # the library leaves it untyped
    sentinel = make(_sentinels(parts.netloc), sentinel_kwargs=sentinel_kwargs)
    master = sentinel.master_for(name, db=int(database or 0), **options, **tls)
    return [master, *sentinel.sentinels]


def _options() -> dict[str, Any]:
    return {
        "protocol": 2,  # the one that every version of the client and the server speaks alike
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": CONNECT_SECONDS,
        "max_connections": 8,
        "retry": Retry(NoBackoff(), 0),
    }


def _check(url: str) -> None:
    """Raises ValueError with a sentence that does not hold the URL."""
    parts = urlsplit(url)
    if "cluster" in parts.scheme or ("," in parts.netloc and SENTINEL not in parts.scheme):
        raise ValueError(
            "a Redis Cluster is not supported: what is counted together must live on one server; "
            "use one server, or Sentinel with redis+sentinel://host:26379,host:26379/name"
        )
    if parts.scheme not in SCHEMES:
        raise ValueError("use redis://, rediss:// (TLS) or redis+sentinel://")
    if not parts.netloc.rpartition("@")[2]:
        raise ValueError("names no host")
    if SENTINEL in parts.scheme:
        name, _, database = parts.path.strip("/").partition("/")
        if not name or not (database or "0").isdigit():
            raise ValueError("names no service: redis+sentinel://host:26379,host:26379/name/0")
        _sentinels(parts.netloc)


def _sentinels(netloc: str) -> list[tuple[str, int]]:
    """Raises ValueError for a port that is no number."""
    pairs = []
    for place in netloc.rpartition("@")[2].split(","):
        host, _, port = place.partition(":")
        if not (port or "0").isdigit():
            raise ValueError("names a port that is no number")
        pairs.append((host, int(port or SENTINEL_PORT)))
    return pairs


def _tls(query: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name.startswith("ssl_")}
