"""A served process whose PostgreSQL stops, hangs, fills up, drops its clients or is migrated."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core.database import migrations
from tests.faults.load import Load
from tests.support import project
from tests.support.factories import logged_in
from tests.support.postgres_server import PostgresServer
from tests.support.server import serving
from tests.support.service import SECRET_KEY, running

pytestmark = [pytest.mark.fault, pytest.mark.alone]

MAX_CONNECTIONS = 20


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    server = PostgresServer(max_connections=str(MAX_CONNECTIONS))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_url(server: PostgresServer) -> str:
    asyncio.run(migrations.upgrade(make_url(server.url())))
    return server.url()


@contextmanager
def loaded(database_url: str) -> Iterator[Load]:
    async def token() -> str:
        async with running(database_url=database_url) as service:
            return (await logged_in(service)).access

    access = asyncio.run(token())
    with serving(database_url, SECRET_KEY=SECRET_KEY) as served:
        yield Load(served.url, access)


async def connect(database_url: str) -> Any:
    return await asyncpg.connect(
        make_url(database_url).set(drivername="postgresql").render_as_string()
    )


async def terminate_clients(admin: Any) -> None:
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'app'"
    )


def test_a_stop_of_two_seconds_is_503_and_over_a_second_later(
    server: PostgresServer, database_url: str
) -> None:
    async def scenario(load: Load) -> float:
        async with load.running():
            server.kill()
            await asyncio.sleep(2)
            server.start()
            back = time.monotonic()
            await asyncio.sleep(3)
            return back

    with loaded(database_url) as load:
        back = asyncio.run(scenario(load))

    assert load.statuses() == {200, 503}
    assert load.slowest(503) <= 2
    assert load.statuses(since=back + 1) == {200}


def test_terminated_connections_fail_no_read(database_url: str) -> None:
    async def scenario(load: Load) -> None:
        admin = await connect(database_url)
        async with load.running():
            for _ in range(5):
                await terminate_clients(admin)
                await asyncio.sleep(0.6)
        await admin.close()

    with loaded(database_url) as load:
        asyncio.run(scenario(load))

    assert load.statuses() == {200}


def test_a_server_that_hangs_is_503_while_health_stays_quick(
    server: PostgresServer, database_url: str
) -> None:
    async def scenario(load: Load) -> float:
        admin = await connect(database_url)
        async with load.running():
            pids = [server.pid, *(row["pid"] for row in await admin.fetch(BACKENDS))]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(8)
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            back = time.monotonic()
            await asyncio.sleep(4)
        await admin.close()
        return back

    with loaded(database_url) as load:
        back = asyncio.run(scenario(load))

    health = sorted(answer.seconds for answer in load.health)
    assert load.statuses() == {200, 503}
    assert load.slowest(503) <= 5
    assert health[int(len(health) * 0.99)] <= 0.25
    assert load.statuses(since=back + 2) == {200}


def test_exhausted_connections_are_503(database_url: str) -> None:
    async def scenario(load: Load) -> float:
        admin = await connect(database_url)
        async with load.running():
            taken = await take_all(database_url, admin)
            await asyncio.sleep(3)
            for connection in taken:
                await connection.close()
            back = time.monotonic()
            await asyncio.sleep(2)
        await admin.close()
        return back

    with loaded(database_url) as load:
        back = asyncio.run(scenario(load))

    assert load.statuses() == {200, 503}
    assert load.slowest(503) <= 3
    assert load.statuses(since=back + 1) == {200}


async def take_all(database_url: str, admin: Any) -> list[Any]:
    """Every connection the server has, those of the service included."""
    taken: list[Any] = []
    while len(taken) < MAX_CONNECTIONS - 1:
        try:
            taken.append(await connect(database_url))
        except asyncpg.TooManyConnectionsError:
            await terminate_clients(admin)
    return taken


def test_a_migration_while_the_service_serves_fails_nothing(
    database_url: str, tmp_path: Path
) -> None:
    copy = project_with_a_revision(tmp_path)

    async def scenario(load: Load) -> tuple[int, str]:
        async with load.running():
            return await asyncio.to_thread(upgrade, copy, database_url)

    with loaded(database_url) as load:
        status, output = asyncio.run(scenario(load))

    assert status == 0, output
    assert load.statuses() == {200}


def test_a_migration_that_cannot_have_its_lock_gives_way(database_url: str, tmp_path: Path) -> None:
    """A long read holds the table: readers queue behind the migration until it gives up."""
    copy = project_with_a_revision(tmp_path)

    async def scenario(load: Load) -> tuple[int, float]:
        reader = await connect(database_url)
        await reader.execute("BEGIN; SELECT count(*) FROM users")
        async with load.running():
            status, _ = await asyncio.to_thread(upgrade, copy, database_url)
            over = time.monotonic()
            await asyncio.sleep(1)
        await reader.close()
        return status, over

    with loaded(database_url) as load:
        status, over = asyncio.run(scenario(load))
    again, output = upgrade(copy, database_url)

    refused = [answer.at for answer in load.answers if answer.status == 503]
    assert status != 0
    assert load.statuses() <= {200, 503}
    assert max(refused) - min(refused) <= 5
    assert load.statuses(since=over) == {200}
    assert again == 0, output


def project_with_a_revision(directory: Path) -> Path:
    copy = project.copied(directory, with_revisions=True)
    project.write(copy / "migrations" / "versions" / "0001_nickname.py", REVISION)
    return copy


def upgrade(copy: Path, database_url: str) -> tuple[int, str]:
    return project.run(copy, "db", "upgrade", DATABASE_URL=database_url)


BACKENDS = "SELECT pid FROM pg_stat_activity"
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "nickname_0001"
down_revision = None
branch_labels = ("nickname",)
depends_on = ("baseline_0001",)


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.String(64), nullable=True))
    op.create_index("ix_users_nickname", "users", ["nickname"])


def downgrade() -> None:
    op.drop_column("users", "nickname")
"""
