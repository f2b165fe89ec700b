"""The login of a worker at Redis. Open connections stay open; a new one uses the password in force,
so that another password needs no restart.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from redis.asyncio import ConnectionPool, Redis, Sentinel
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

from app.features.jobs.engines.address import ANSWER_SECONDS, sentinels, timeouts
from app.features.jobs.settings import JobsSettings

log = structlog.get_logger("app.jobs")

PROBE_EVERY_SECONDS = 0.5


class RedisLogin(CredentialProvider):
    """`url` is where the server is, without who asks."""

    def __init__(self, url: str) -> None:
        self.url = without_credentials(url)
        self._known = self._offered = url
        self._offering: asyncio.Task[None] | None = None

    def get_credentials(self) -> Any:
        """As the library wants them: a password alone, with a name before it, or nothing."""
        parts = urlsplit(self._known)
        return tuple(unquote(word) for word in (parts.username, parts.password) if word)

    async def get_credentials_async(self) -> Any:
        return self.get_credentials()

    async def follow(self, settings: JobsSettings) -> None:
        """To another password, once the server takes it. Another address waits for a start."""
        url = settings.redis_url.get_secret_value() if settings.redis_url else self._known
        if without_credentials(url) != self.url:
            log.warning("jobs.restart_needed", setting="REDIS_URL")
            return
        self._offered = url
        if self._offering is None or self._offering.done():
            self._offering = asyncio.create_task(self._offer())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield
        if self._offering is not None:
            self._offering.cancel()
            with suppress(asyncio.CancelledError):
                await self._offering

    async def _offer(self) -> None:
        while (url := self._offered) != self._known:
            if await _lets_in(url):
                self._known = url
                log.info("jobs.login_replaced")
            else:
                await asyncio.sleep(PROBE_EVERY_SECONDS)


def client[R: Redis](login: RedisLogin, kind: type[R]) -> R:
    """Not connected yet."""
    found = sentinels(login.url)
    if found is None:
        pool: Any = ConnectionPool.from_url(login.url, credential_provider=login, **timeouts())
        return kind(connection_pool=pool)
    make: Any = Sentinel  # the library leaves it untyped
    asked = make(found.hosts, sentinel_kwargs=found.sentinel_options)
    master: R = asked.master_for(
        found.master,
        redis_class=kind,
        db=found.database,
        credential_provider=login,
        **found.master_options,
    )
    return master


def without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


async def _lets_in(url: str) -> bool:
    asking = client(RedisLogin(url), Redis)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await asking.ping()
    except (RedisError, OSError, TimeoutError):
        return False
    finally:
        await asking.connection_pool.disconnect()
    return True
