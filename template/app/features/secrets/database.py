"""Another password for the database, or for its replica, while the service runs.

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

from app.core import lifespan, registry
from app.core.database import Database
from app.core.database.postgres import PostgresLogin, login_of
from app.core.database.replica import ReplicaSettings
from app.core.database.settings import DatabaseSettings, engine_kind
from app.core.settings import Settings, SettingsGroup
from app.features.secrets.reload import SecretReload

log = structlog.get_logger("app.database")

OFFER_SECONDS = 1.0
"""How often the server is asked whether it takes the new one."""


class DatabaseLoginRotation:
    """Of one database, whose URL is the value of `setting`."""

    def __init__(self, database: Database, login: PostgresLogin, setting: str) -> None:
        self._login = login
        self._engine = database.engine
        self._setting = setting
        self._task: asyncio.Task[None] | None = None

    async def follow(self, settings: SettingsGroup) -> None:
        """Another engine, and no URL at all, need a restart."""
        configured = getattr(settings, self._setting)
        url = make_url(configured) if configured else None
        if url is None or url.drivername != self._login.url.drivername:
            log.warning("database.restart_needed", setting=self._setting.upper())
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
    database = registry.get(app, Database)
    _follow(app, settings, database, DatabaseSettings, "database_url")
    if database.for_reads is not database:
        _follow(app, settings, database.for_reads, ReplicaSettings, "database_read_url")


def _follow(
    app: FastAPI, settings: Settings, database: Database, group: type[SettingsGroup], setting: str
) -> None:
    login = login_of(database.engine)
    if login is None:  # SQLite has no password
        return
    login.ask_for_another = registry.get(app, SecretReload).reload
    rotation = DatabaseLoginRotation(database, login, setting)
    settings.on_change(group, {setting}, rotation.follow)
    lifespan.add(app, rotation.ended_at_the_end)


async def _let_in(url: URL) -> None:
    """Raises whatever the driver raises where it is not."""
    engine = engine_kind(url).create_for_migrations(url)
    try:
        async with engine.connect():
            pass
    finally:
        await engine.dispose()
