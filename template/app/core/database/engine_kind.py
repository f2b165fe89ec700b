"""What a database engine brings: its schemes, its pool and its dialect's upsert."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.settings import Settings, SettingsGroup


class BackupError(Exception):
    """A copy could not be written or read back; the text says why."""


@dataclass(frozen=True)
class EngineKind:
    drivername: str
    schemes: frozenset[str]
    """Schemes of DATABASE_URL that mean this engine; all become `drivername`."""
    settings: type[SettingsGroup]
    create: Callable[[URL, Settings], AsyncEngine]
    create_for_migrations: Callable[[URL], AsyncEngine]
    insert: Callable[[Any], Any]
    """`insert(table)` with `on_conflict_do_update`."""
    read_options: Callable[[Settings], dict[str, Any]]
    """Engine options of sessions that only read."""
    backup: Callable[[URL, Path], None]
    """Writes the database, as of one moment, into an existing file. Raises BackupError."""
    restore: Callable[[URL, Path], None]
    """Fills a database without tables. Raises BackupError, and then nothing has changed."""
