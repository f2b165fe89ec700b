"""SQLite: write-ahead log, foreign keys, and transactions that take the write lock at once."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import Field
from sqlalchemy import event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from app.core.database.engine_kind import BackupError, EngineKind
from app.core.settings import Settings, SettingsGroup

MIGRATION_LOCK_SECONDS = 60


class SqliteSettings(SettingsGroup):
    sqlite_busy_timeout_seconds: float = Field(5, gt=0, le=60)
    """How long a transaction waits for another writer before the request ends as 503."""


def create(url: URL, settings: Settings) -> AsyncEngine:
    _make_directory(url)
    timeout = settings.group(SqliteSettings).sqlite_busy_timeout_seconds
    engine = create_async_engine(url, connect_args={"timeout": timeout}, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def create_for_migrations(url: URL) -> AsyncEngine:
    """Without foreign keys: altering a table copies and drops it, and the drop would cascade.

    Its BEGIN IMMEDIATE is the lock that lets one of several migrations work and the others wait.
    """
    _make_directory(url)
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args={"timeout": MIGRATION_LOCK_SECONDS}
    )
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _make_directory(url: URL) -> None:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    """A deferred BEGIN that reads and then writes fails at once when another writer is active."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def backup(url: URL, path: Path) -> None:
    source = Path(url.database or "")
    if not source.is_file():
        raise BackupError("there is no database yet")
    _copy(source, path)


def restore(url: URL, path: Path) -> None:
    target = Path(url.database or "")
    with closing(sqlite3.connect(target)) as connection:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise BackupError("the database has tables; restore into an empty one")
    _copy(path, target)


def _copy(source: Path, target: Path) -> None:
    """Raises BackupError where the source is damaged; it is looked at before it is copied."""
    with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(target)) as writer:
        try:
            (said,) = reader.execute("PRAGMA integrity_check").fetchone()
            if said == "ok":
                reader.backup(writer)
        except sqlite3.DatabaseError as error:
            said = str(error)
        if said != "ok":
            raise BackupError(f"the source is damaged: {said}")


ENGINE = EngineKind(
    drivername="sqlite+aiosqlite",
    schemes=frozenset({"sqlite", "sqlite+aiosqlite"}),
    settings=SqliteSettings,
    create=create,
    create_for_migrations=create_for_migrations,
    insert=insert,
    read_options=lambda _: {"isolation_level": "AUTOCOMMIT"},
    backup=backup,
    restore=restore,
)
