"""A worker whose password for Redis is replaced, and whose connections are then cut."""

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from app.features.jobs.models import JobStatus
from tests.features.jobs.probes import COUNT, Mark, working
from tests.features.jobs.work import enqueued, reached
from tests.features.redis.server import RedisServer
from tests.support.secret_files import SecretFiles
from tests.support.server import Server
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

FIRST, SECOND = "first-4711", "second-4711"


def replace(server: RedisServer) -> None:
    """Whoever is let in stays so until they are thrown out."""
    with Redis(port=server.port, password=FIRST) as admin:
        admin.config_set("requirepass", SECOND)


def throw_out(server: RedisServer) -> None:
    with Redis(port=server.port, password=SECOND) as admin:
        admin.client_kill_filter(_type="normal", skipme=True)


def test_another_password_needs_no_restart_and_loses_no_job(
    database_url: str, tmp_path: Path
) -> None:
    server = RedisServer(requirepass=FIRST)
    server.start()
    url = f"redis://:{{}}@127.0.0.1:{server.port}/0"
    files = SecretFiles(tmp_path / "secrets")
    files.put(redis_url=url.format(FIRST), secret_key=SECRET_KEY)
    variables = {"SECRETS_DIR": str(files.directory), "SECRETS_RELOAD_SECONDS": "1"}

    async def scenario(worker: Server) -> None:
        async with running(database_url=database_url, redis_url=url.format(FIRST)) as service:
            before = await enqueued(service, COUNT, Mark())
            await reached(service, before, [JobStatus.DONE])
            files.put(redis_url=url.format(SECOND))
            await asyncio.to_thread(replace, server)
            await asyncio.to_thread(worker.wait_for, "jobs.login_replaced")
            await asyncio.to_thread(throw_out, server)
            after = await enqueued(service, COUNT, Mark())
            await reached(service, after, [JobStatus.DONE])

    try:
        with working(database_url, None, tmp_path, **variables) as worker:
            asyncio.run(scenario(worker))
            assert worker.stop() == 0
    finally:
        server.stop()

    assert not any(SECOND in line or FIRST in line for line in worker.output)
