"""A served process whose signing key is replaced in its mounted files while clients ask."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from tests.faults.load import ME, Load
from tests.support.factories import bearer, logged_in
from tests.support.secret_files import SecretFiles
from tests.support.server import serving
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

OTHER_KEY = "bR7mQz2XkVw9TnJ4LpYs6HdG3fCe8AuN"
SEEN_SECONDS = 30


async def token(database_url: str, key: str) -> str:
    async with running(database_url=database_url, secret_key=key) as service:
        return (await logged_in(service)).access


async def seconds_until_taken(url: str, access: str) -> float:
    started = time.monotonic()
    async with httpx2.AsyncClient(base_url=url) as client:
        while (await client.get(ME, headers=bearer(access))).status_code != 200:
            assert time.monotonic() < started + SEEN_SECONDS
    return time.monotonic() - started


def test_another_signing_key_fails_no_request_and_is_seen_in_time(
    database_url: str, tmp_path: Path
) -> None:
    old = asyncio.run(token(database_url, SECRET_KEY))
    new = asyncio.run(token(database_url, OTHER_KEY))
    files = SecretFiles(tmp_path / "secrets")
    files.put(secret_key=SECRET_KEY)

    async def scenario(load: Load) -> float:
        async with load.running():
            files.put(secret_key=OTHER_KEY, secret_key_previous=SECRET_KEY)
            return await seconds_until_taken(load.url, new)

    with serving(
        database_url, SECRETS_DIR=str(files.directory), SECRETS_RELOAD_SECONDS="1"
    ) as served:
        load = Load(served.url, old)
        seconds = asyncio.run(scenario(load))

    assert load.statuses() == {200}
    assert seconds <= SEEN_SECONDS
