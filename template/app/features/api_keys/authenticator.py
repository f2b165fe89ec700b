"""Authenticates an API key as its owner, within the scopes of the key."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.core import clock
from app.core.database import Database
from app.core.security.principal import ALL_PERMISSIONS, Principal
from app.features.api_keys.repository import ApiKeyRepository, FoundKey, find_key
from app.features.api_keys.service import digest, is_api_key
from app.services.sessions import BearerAuthenticator

log = structlog.get_logger("app.auth")

USE_RECORDED_EVERY = timedelta(minutes=1)


class ApiKeyAuthenticator:
    def __init__(self, database: Database, others: BearerAuthenticator) -> None:
        self._database = database
        self._others = others
        """Authenticates each token that is no API key."""
        self._uses: dict[UUID, asyncio.Task[None]] = {}

    async def find(self, token: str) -> Principal | None:
        """None for a key that is not live, or not of an active user."""
        if not is_api_key(token):
            return await self._others.find(token)
        now = clock.now()
        key = await find_key(self._database, digest(token), now)
        if key is None:
            return None
        if key.last_used_at is None or now - key.last_used_at >= USE_RECORDED_EVERY:
            self._record_use(key.id, now)
        return _within_scopes(key)

    async def close(self) -> None:
        """Waits for what is being written."""
        await asyncio.gather(*self._uses.values())

    def _record_use(self, key_id: UUID, now: datetime) -> None:
        """Off the path of the request, once for all requests that come meanwhile."""
        if key_id not in self._uses:
            task = self._uses[key_id] = asyncio.create_task(self._write_use(key_id, now))
            task.add_done_callback(lambda _: self._uses.pop(key_id))

    async def _write_use(self, key_id: UUID, now: datetime) -> None:
        try:
            async with self._database.write() as session:
                await ApiKeyRepository(session).used(key_id, now)
        except Exception as error:  # the edge of a task: the next use is recorded instead
            log.warning("api_key.use_not_recorded", error=type(error).__name__)


def _within_scopes(key: FoundKey) -> Principal:
    """What the owner has lost since the key was made, the key has lost too."""
    owner = key.owner
    scopes = frozenset(scope for scope in key.scopes if owner.may(scope))
    is_superuser = owner.is_superuser and ALL_PERMISSIONS in scopes
    return replace(owner, permissions=scopes, is_superuser=is_superuser)
