"""SQLite under a disk that is full, and under many writers of a real process."""

import asyncio
import resource
import sqlite3
from pathlib import Path

import httpx2
import pytest

from tests.support.databases import SqliteFiles
from tests.support.factories import PASSWORD, make_user
from tests.support.server import serving
from tests.support.service import running

pytestmark = pytest.mark.fault

LOGIN = "/api/v1/auth/login"
READINESS = "/api/v1/health/readiness"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    asyncio.run(_with_a_user(SqliteFiles(tmp_path).create(tmp_path)))
    return tmp_path / "app.db"


async def _with_a_user(url: str) -> None:
    async with running(database_url=url) as service:
        await make_user(service, username="ada")


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def checked(path: Path) -> tuple[str, int]:
    """What the integrity check says, and the number of sessions."""
    connection = sqlite3.connect(path)
    try:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
        (sessions,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
    finally:
        connection.close()
    return said, sessions


def test_a_full_disk_is_503_and_heals(path: Path) -> None:
    body = {"username": "ada", "password": PASSWORD}
    limit = path.stat().st_size

    def full() -> None:
        """No file of the process may grow past this; SIGXFSZ is ignored by Python."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit // 8, resource.RLIM_INFINITY))

    with serving(url_of(path), preexec=full) as server:
        with httpx2.Client(base_url=server.url, timeout=20) as client:
            statuses = [client.post(LOGIN, json=body).status_code for _ in range(6)]
            liveness = client.get("/api/v1/health/liveness").status_code
            resource.prlimit(
                server.process.pid,
                resource.RLIMIT_FSIZE,
                (resource.RLIM_INFINITY, resource.RLIM_INFINITY),
            )
            healed = client.post(LOGIN, json=body).status_code
        server.stop()

    said, sessions = checked(path)
    assert set(statuses) <= {200, 503}
    assert 503 in statuses
    assert liveness == 200
    assert healed == 200
    assert said == "ok"
    assert sessions == statuses.count(200) + 1


async def _logins(url: str) -> list[int]:
    body = {"username": "ada", "password": PASSWORD}
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        answers = await asyncio.gather(*(client.post(LOGIN, json=body) for _ in range(16)))
    return [answer.status_code for answer in answers]


def test_16_concurrent_writes_are_all_kept(path: Path) -> None:
    with serving(url_of(path)) as server:
        statuses = asyncio.run(_logins(server.url))
        server.stop()

    assert statuses == [200] * 16
    assert checked(path) == ("ok", 16)
