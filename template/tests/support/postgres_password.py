"""A PostgreSQL that asks the service's account for a password, which a test changes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from app.core.database import migrations
from tests.support.postgres_server import PostgresServer

ACCOUNT = "service"
RULES = f"host all {ACCOUNT} 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n"


class GuardedPostgres:
    def __init__(self, server: PostgresServer, password: str) -> None:
        self._server = server
        self._execute(f"CREATE ROLE {ACCOUNT} LOGIN SUPERUSER PASSWORD '{password}'")
        (server.directory / "data" / "pg_hba.conf").write_text(RULES)
        self._execute("SELECT pg_reload_conf()")

    def url(self, password: str) -> str:
        return (
            make_url(self._server.url())
            .set(username=ACCOUNT, password=password)
            .render_as_string(hide_password=False)
        )

    def alter(self, password: str) -> None:
        self._execute(f"ALTER ROLE {ACCOUNT} PASSWORD '{password}'")

    def connections(self) -> set[int]:
        """Process ids of the service's."""
        rows = self._execute(
            f"SELECT pid FROM pg_stat_activity WHERE usename = '{ACCOUNT}'"  # noqa: S608
            " AND application_name = 'app'"
        )
        return {row["pid"] for row in rows}

    def _execute(self, statement: str) -> Any:
        async def execute() -> Any:
            connection = await asyncpg.connect(self._server.url().replace("+asyncpg", ""))
            try:
                return await connection.fetch(statement)
            finally:
                await connection.close()

        return asyncio.run(execute())


@contextmanager
def guarded_postgres(password: str) -> Iterator[GuardedPostgres]:
    """Migrated, and gone at the end."""
    server = PostgresServer()
    server.start()
    try:
        asyncio.run(migrations.upgrade(make_url(server.url())))
        yield GuardedPostgres(server, password)
    finally:
        server.stop()
