"""Where the broker is, as REDIS_URL says it: one server, or the one that Sentinel names."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SENTINEL = "+sentinel"
SENTINEL_PORT = 26379
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Sentinels:
    """The master that they name; how they are asked, and how it is, whoever asks it."""

    hosts: list[tuple[str, int]]
    master: str
    database: int
    sentinel_options: dict[str, Any] = field(repr=False)
    master_options: dict[str, Any]


def sentinels(url: str) -> Sentinels | None:
    """None for the URL of one server."""
    parts = urlsplit(url)
    if SENTINEL not in parts.scheme:
        return None
    master, _, database = parts.path.strip("/").partition("/")
    query = dict(parse_qsl(parts.query))
    tls = {name: value for name, value in query.items() if name.startswith("ssl_")}
    shared = timeouts() | (tls | {"ssl": True} if parts.scheme.startswith("rediss") else {})
    sentinel_password = query.get("sentinel_password")
    return Sentinels(
        hosts=[_pair(place) for place in parts.netloc.rpartition("@")[2].split(",")],
        master=master,
        database=int(database or 0),
        sentinel_options=shared | ({"password": sentinel_password} if sentinel_password else {}),
        master_options=shared,
    )


def timeouts() -> dict[str, Any]:
    """A server that hangs is one that is away."""
    return {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS}


def _pair(place: str) -> tuple[str, int]:
    host, _, port = place.partition(":")
    return host, int(port or SENTINEL_PORT)
