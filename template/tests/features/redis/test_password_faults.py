"""A served process whose password for Redis is replaced while clients ask."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.faults.load import Load
from tests.features.redis.server import RedisServer
from tests.support.factories import logged_in
from tests.support.secret_files import SecretFiles
from tests.support.server import Server, serving
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

FIRST, SECOND = "first-4711", "second-4711"
READINESS = "/api/v1/health/readiness"
SEEN_SECONDS = 30


async def token(database_url: str) -> str:
    async with running(database_url=database_url) as service:
        return (await logged_in(service)).access


async def readiness(url: str) -> str:
    """As soon as it is what is wanted, or after its time: a busy machine may answer a ping late."""
    deadline = time.monotonic() + SEEN_SECONDS
    async with httpx2.AsyncClient(base_url=url) as client:
        while (status := (await client.get(READINESS)).json()["status"]) != "ready":
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
    return str(status)


def test_another_password_fails_no_request_and_is_used_in_time(
    database_url: str, tmp_path: Path
) -> None:
    access = asyncio.run(token(database_url))
    server = RedisServer(requirepass=FIRST)
    server.start()
    url = f"redis://:{{}}@127.0.0.1:{server.port}/0"
    files = SecretFiles(tmp_path / "secrets")
    files.put(redis_url=url.format(FIRST))

    def alter() -> None:
        with Redis(port=server.port, password=FIRST) as admin:
            admin.config_set("requirepass", SECOND)

    async def scenario(load: Load, served: Server) -> tuple[float, str]:
        async with load.running():
            files.put(redis_url=url.format(SECOND))
            await asyncio.to_thread(alter)
            changed = time.monotonic()
            await asyncio.to_thread(served.wait_for, "redis.login_replaced")
            seconds = time.monotonic() - changed
            status = await readiness(load.url)
        return seconds, status

    variables = {
        "SECRET_KEY": SECRET_KEY,
        "SECRETS_DIR": str(files.directory),
        "SECRETS_RELOAD_SECONDS": "1",
    }
    try:
        with serving(database_url, preexec=None, port="0", **variables) as served:
            load = Load(served.url, access)
            seconds, status = asyncio.run(scenario(load, served))
    finally:
        server.stop()

    assert load.statuses() == {200}
    assert seconds <= SEEN_SECONDS
    assert status == "ready"
    assert not any(SECOND in line or FIRST in line for line in served.output)
