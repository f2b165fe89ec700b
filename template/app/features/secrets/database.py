"""Another password for the database, while the service runs.

It is offered first, and comes into force when the server takes it; until then the one before is
used. So it does not matter whether it is published before or after the server is told.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import FastAPI
from sqlalchemy import QueuePool
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core import lifespan, registry
from app.core.database import Database
from app.core.database.engine_kind import DatabaseLogin
from app.core.database.settings import DatabaseSettings, engine_kind
from app.core.settings import Settings
from app.features.secrets.reload import SecretReload

log = structlog.get_logger("app.database")

OFFER_SECONDS = 1.0
"""How often the server is asked whether it takes the new one."""


class DatabaseLoginRotation:
    def __init__(self, login: DatabaseLogin, engine: AsyncEngine) -> None:
        self._login = login
        self._engine = engine
        self._task: asyncio.Task[None] | None = None

    async def follow(self, settings: DatabaseSettings) -> None:
        """Another engine, and another file of SQLite, need another start."""
        url = make_url(settings.database_url) if settings.database_url else self._login.url
        if url.drivername != self._login.url.drivername or url.host is None:
            log.warning("database.restart_needed")
        elif url == self._login.url:
            self._login.offered = None
        else:
            self._login.offered = url
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._offer())

    @asynccontextmanager
    async def ended_at_the_end(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            if self._task is not None:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task

    async def _offer(self) -> None:
        refused: URL | None = None
        while (url := self._login.offered) is not None:
            try:
                await _let_in(url)
            except Exception as error:  # the edge of a loop: whatever it is, it is tried again
                if refused != url:
                    log.warning("database.login_not_taken_yet", error=type(error).__name__)
                refused = url
                await asyncio.sleep(OFFER_SECONDS)
            else:
                self._login.took(url)
        with suppress(Exception):  # what is not replaced now is when it is used next
            await self._drain()

    async def _drain(self) -> None:
        """Each idle connection is taken out once, which replaces it where its login is old."""
        pool = self._engine.pool
        for _ in range(pool.checkedin() if isinstance(pool, QueuePool) else 0):
            async with self._engine.connect():
                pass


def install(app: FastAPI, settings: Settings) -> None:
    login: DatabaseLogin = registry.get(app, Database).login
    reloading = registry.get(app, SecretReload)
    rotation = registry.add(
        app, DatabaseLoginRotation, DatabaseLoginRotation(login, registry.get(app, Database).engine)
    )
    login.ask_for_another = reloading.reload
    settings.on_change(DatabaseSettings, {"database_url"}, rotation.follow)
    lifespan.add(app, rotation.ended_at_the_end)


async def _let_in(url: URL) -> None:
    """Raises whatever the driver raises where it is not."""
    engine = engine_kind(url).create_for_migrations(url)
    try:
        async with engine.connect():
            pass
    finally:
        await engine.dispose()
