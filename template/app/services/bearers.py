"""Who sent a bearer token: the user of a session, or of an API key within its scopes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from uuid import UUID

import structlog
from fastapi import FastAPI

from app.core import clock
from app.core import lifespan
from app.core.database import Database
from app.core.errors import Unauthenticated
from app.core.principal import ALL_PERMISSIONS
from app.core.principal import Principal
from app.core.principal import Principals
from app.core.security import Security
from app.core.tokens import InvalidTokenError
from app.repositories.api_key import ApiKeyRepository
from app.repositories.api_key import FoundKey
from app.repositories.api_key import find_key
from app.services.api_keys import digest
from app.services.api_keys import is_api_key

log = structlog.get_logger("app.auth")

USE_RECORDED_EVERY = timedelta(minutes=1)


class Bearers:
    def __init__(self, database: Database, security: Security, principals: Principals) -> None:
        self._database = database
        self._security = security
        self._principals = principals
        self._uses: dict[UUID, asyncio.Task[None]] = {}

    async def principal(self, token: str) -> Principal:
        """Raises Unauthenticated unless the token, what it stands for and its user are all live."""
        found = await (self._of_key(token) if is_api_key(token) else self._of_session(token))
        if found is None:
            raise Unauthenticated.invalid_token()
        return found

    async def close(self) -> None:
        """Waits for what is being written."""
        await asyncio.gather(*self._uses.values())

    async def _of_session(self, token: str) -> Principal | None:
        try:
            claims = self._security.access_tokens.verify(token)
        except InvalidTokenError:
            return None
        return await self._principals.find(claims.session_id, claims.user_id)

    async def _of_key(self, token: str) -> Principal | None:
        now = clock.now()
        key = await find_key(self._database, digest(token), now)
        if key is None:
            return None
        if key.last_used_at is None or now - key.last_used_at >= USE_RECORDED_EVERY:
            self._record_use(key.id, now)
        return _within_scopes(key)

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


def install(app: FastAPI) -> None:
    bearers = Bearers(app.state.database, app.state.security, app.state.principals)
    app.state.bearers = bearers

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await bearers.close()

    lifespan.add(app, closed_at_the_end)


def _within_scopes(key: FoundKey) -> Principal:
    """What the owner has lost since the key was made, the key has lost too."""
    owner = key.owner
    scopes = frozenset(scope for scope in key.scopes if owner.may(scope))
    is_superuser = owner.is_superuser and ALL_PERMISSIONS in scopes
    return replace(owner, permissions=scopes, is_superuser=is_superuser)
