"""SQLite: writers that wait for each other, and lose nothing."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.database.settings import database_url
from app.core.settings import Settings
from app.models.role import Role
from tests.support.databases import SqliteFiles
from tests.support.service import Service, running

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

WRITERS = 16


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def url(files: SqliteFiles, tmp_path: Path) -> str:
    return files.create(tmp_path)


async def increment(database: Database) -> None:
    """Reads before it writes: with a deferred BEGIN this fails while another writer is active."""
    async with database.write() as session:
        role = await session.get_one(Role, "counter")
        await asyncio.sleep(0)
        role.description = str(int(role.description) + 1)


async def test_concurrent_writers_lose_nothing(url: str) -> None:
    async with running(database_url=url) as service:
        async with service.database.write() as session:
            session.add(Role(name="counter", description="0", permissions=[]))

        await asyncio.gather(*(increment(service.database) for _ in range(WRITERS)))

        async with service.database.read() as session:
            assert (await session.get_one(Role, "counter")).description == str(WRITERS)


async def test_a_writer_that_waits_too_long_is_503_and_heals(url: str, tmp_path: Path) -> None:
    async with running(database_url=url, sqlite_busy_timeout_seconds=0.05) as service:
        blocker = sqlite3.connect(tmp_path / "app.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        blocked = await attempt(service)
        blocker.execute("ROLLBACK")
        blocker.close()
        free = await attempt(service)

    assert blocked == 503
    assert free == 401


async def test_a_reader_does_not_wait_for_a_writer(url: str) -> None:
    async with running(database_url=url) as service, service.database.write() as writer:
        await writer.execute(text("DELETE FROM roles"))
        async with service.database.read() as reader:
            assert await reader.get(Role, "admin") is not None


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1)]
)
async def test_connections_are_prepared(url: str, pragma: str, value: object) -> None:
    async with running(database_url=url) as service, service.database.read() as session:
        assert await session.scalar(text(f"PRAGMA {pragma}")) == value


async def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "app.db"

    async with running(database_url=f"sqlite:///{path}") as service:
        response = await service.client.get("/api/v1/health/readiness")

    assert response.status_code == 200
    assert path.is_file()


def test_without_a_url_development_uses_its_data_directory(tmp_path: Path) -> None:
    url = database_url(Settings(env_file=None, data_dir=tmp_path))

    assert url.drivername == "sqlite+aiosqlite"
    assert url.database == str(tmp_path / "app.db")


async def attempt(service: Service) -> int:
    body = {"username": "nobody", "password": "wrong"}
    return (await service.client.post("/api/v1/auth/login", json=body)).status_code
