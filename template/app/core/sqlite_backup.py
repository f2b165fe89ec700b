"""Copies of an SQLite database, made by its own backup API while the service writes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL

from app.core.engine import BackupError


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
