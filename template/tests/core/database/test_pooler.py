"""DATABASE_TRANSACTION_POOLING behind a real pgbouncer, whose connections change by transaction."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core.database import migrations
from tests.support.factories import logged_in, make_user, signed_in
from tests.support.postgres_server import PostgresServer, free_port
from tests.support.service import running

pytestmark = pytest.mark.needs("pgbouncer")

ME = "/api/v1/users/me"
USERS = 20
SERVER_CONNECTIONS = 3
START_SECONDS = 10
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    asyncio.run(migrations.upgrade(make_url(server.url())))
    yield server
    server.stop()


@contextmanager
def pgbouncer(server: PostgresServer) -> Iterator[str]:
    """The URL of its database; like PostgreSQL it refuses to be root."""
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as name:
        port, file = free_port(), Path(name) / "pgbouncer.ini"
        file.write_text(
            CONFIGURATION.format(server=server.port, port=port, size=SERVER_CONNECTIONS)
        )
        if user:
            shutil.chown(name, user)
        process = subprocess.Popen(["pgbouncer", "--quiet", str(file)], user=user, cwd="/")
        try:
            yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(START_SECONDS)


async def until_it_answers(url: str) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                connection = await asyncpg.connect(
                    make_url(url).set(drivername="postgresql").render_as_string()
                )
            except OSError:
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return


async def test_many_requests_share_few_connections_of_the_server(server: PostgresServer) -> None:
    with pgbouncer(server) as url:
        await until_it_answers(url)
        async with running(database_url=url, database_transaction_pooling=True) as service:
            tokens = [await signed_in(service, await make_user(service)) for _ in range(USERS)]

            async def asked(number: int) -> set[int]:
                header = tokens[number].header
                statuses = set()
                for turn in range(5):
                    body = {"full_name": f"Name {turn}"}
                    patched = await service.client.patch(ME, json=body, headers=header)
                    read = await service.client.get(ME, headers=header)
                    assert read.json()["full_name"] == body["full_name"]
                    statuses |= {patched.status_code, read.status_code}
                return statuses

            statuses = await asyncio.gather(*(asked(number) for number in range(USERS)))
            admin = await asyncpg.connect(server.url().replace("+asyncpg", ""))
            connected = await admin.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'app'"
            )
            await admin.close()

    assert set().union(*statuses) == {200}
    assert connected <= SERVER_CONNECTIONS


async def test_without_the_switch_a_pooler_refuses_what_a_session_would_keep(
    server: PostgresServer,
) -> None:
    """Its own words: unsupported startup parameter."""
    with pgbouncer(server) as url:
        await until_it_answers(url)
        with pytest.raises(Exception, match="startup parameter"):
            async with running(database_url=url) as service:
                await logged_in(service)
