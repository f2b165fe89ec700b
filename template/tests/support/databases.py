"""A migrated database for every test: made once per worker, copied for each test."""

import asyncio
import shutil
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from app.core.database import migrations


class Databases(Protocol):
    def create(self, directory: Path) -> str:
        """The URL of a migrated, empty database; `directory` is the test's own."""
        ...

    def create_empty(self, directory: Path) -> str:
        """The URL of a database that no revision has touched."""
        ...

    def reset(self, url: str) -> None:
        """As it was created; nobody may be connected."""
        ...

    def drop(self, url: str) -> None: ...


class SqliteFiles:
    """A copy of one migrated file costs a millisecond, a migration a hundred."""

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.db"
        asyncio.run(migrations.upgrade(make_url(sqlite_url(self._template))))

    def create(self, directory: Path) -> str:
        path = directory / "app.db"
        shutil.copyfile(self._template, path)
        return sqlite_url(path)

    def create_empty(self, directory: Path) -> str:
        return sqlite_url(directory / "empty.db")

    def reset(self, url: str) -> None:
        path = Path(make_url(url).database or "")
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._template, path)

    def drop(self, url: str) -> None:
        """Nothing to do: the file goes with the directory of its test."""


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def all_heads() -> set[str]:
    """Where a database is when nothing is missing."""
    own, of_the_template = migrations.heads()
    return {*own, *of_the_template}
