"""A served process whose password for PostgreSQL is replaced while clients ask."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.support.factories import logged_in
from tests.support.postgres_password import GuardedPostgres, guarded_postgres
from tests.support.secret_files import SecretFiles
from tests.support.server import Server, serving
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

FIRST, SECOND = "first-4711", "second-4711"
SEEN_SECONDS = 30


async def token(database_url: str) -> str:
    async with running(database_url=database_url) as service:
        return (await logged_in(service)).access


async def until_replaced(server: GuardedPostgres, served: Server, before: set[int]) -> None:
    await asyncio.to_thread(served.wait_for, "database.login_replaced")
    async with asyncio.timeout(SEEN_SECONDS):
        while await asyncio.to_thread(server.connections) & before:
            pass


@pytest.mark.parametrize("is_published_first", [True, False])
def test_another_password_fails_no_request_and_is_used_in_time(
    tmp_path: Path, is_published_first: bool
) -> None:
    with guarded_postgres(FIRST) as server:
        access = asyncio.run(token(server.url(FIRST)))
        files = SecretFiles(tmp_path / "secrets")
        files.put(database_url=server.url(FIRST), secret_key=SECRET_KEY)

        async def scenario(load: Load, served: Server) -> float:
            async with load.running():
                before = await asyncio.to_thread(server.connections)
                if is_published_first:
                    files.put(database_url=server.url(SECOND))
                    await asyncio.to_thread(served.wait_for, "database.login_not_taken_yet")
                await asyncio.to_thread(server.alter, SECOND)
                files.put(database_url=server.url(SECOND))
                changed = time.monotonic()
                await until_replaced(server, served, before)
                return time.monotonic() - changed

        variables = {"SECRETS_DIR": str(files.directory), "SECRETS_RELOAD_SECONDS": "1"}
        with serving("", preexec=None, port="0", **variables) as served:
            load = Load(served.url, access)
            seconds = asyncio.run(scenario(load, served))

    assert load.statuses() == {200}
    assert seconds <= SEEN_SECONDS
    assert not any(SECOND in line or FIRST in line for line in served.output)
