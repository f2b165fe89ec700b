"""What a database engine brings: its schemes, its pool and its dialect's upsert."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core.settings import Settings, SettingsGroup

log = structlog.get_logger("app.database")


class DatabaseLogin:
    def __init__(self, url: URL) -> None:
        self.url = url
        self.offered: URL | None = None
        self.number = 0
        """A connection that was opened with a smaller one is to be replaced."""
        self.ask_for_another: Callable[[], Awaitable[None]] = _nobody_to_ask
        """Called where the server refuses what there is."""

    @property
    def candidates(self) -> list[URL]:
        return [self.url] if self.offered is None else [self.url, self.offered]

    def took(self, url: URL) -> None:
        """The server has let somebody in with it."""
        if url == self.offered:
            self.url, self.offered = url, None
            self.number += 1
            log.info("database.login_replaced")


class BackupError(Exception):
    """A copy that was not made, or not read back; its text says why."""


@dataclass(frozen=True)
class EngineKind:
    drivername: str
    schemes: frozenset[str]
    """Schemes of DATABASE_URL that mean this engine; all become `drivername`."""
    settings: type[SettingsGroup]
    create: Callable[[DatabaseLogin, Settings], AsyncEngine]
    create_for_migrations: Callable[[URL], AsyncEngine]
    insert: Callable[[Any], Any]
    """`insert(table)` with `on_conflict_do_update`."""
    read_options: Callable[[Settings], dict[str, Any]]
    """Options of the engine for sessions that only read."""
    backup: Callable[[URL, Path], None]
    """Writes the database, as of one moment, into a file that is there. Raises BackupError."""
    restore: Callable[[URL, Path], None]
    """Fills a database without tables. Raises BackupError, and then nothing has changed."""
    try_lock: Callable[[AsyncSession, int], Awaitable[bool]]
    """`try_lock(session, number)`: False while another transaction holds the lock of that number.

    It is held until the transaction ends.
    """


async def _nobody_to_ask() -> None: ...
