"""A worker that is killed, told to stop, or has no Redis: what was committed runs, once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.security.lockout import CounterRow
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.queue import JobQueue
from tests.features.jobs.probes import COUNT, FAIL, WAIT, Mark, working
from tests.features.jobs.work import enqueued, reached
from tests.features.redis.server import RedisServer
from tests.support.service import SECRET_KEY, Service, running

pytestmark = pytest.mark.fault

JOBS = 100
SECONDS_EACH = 0.2
AGAIN_SECONDS = 60
STOPPED_SECONDS = 20


@asynccontextmanager
async def enqueuing(database_url: str, redis_url: str) -> AsyncIterator[Service]:
    """A service with a Redis leaves its jobs to the workers."""
    async with running(database_url=database_url, redis_url=redis_url) as service:
        yield service


async def enqueue_all(service: Service) -> None:
    async with service.database.write() as session:
        queue = JobQueue(service.database, session)
        for number in range(JOBS):
            await queue.enqueue(COUNT, Mark(name=f"mark-{number}", seconds=SECONDS_EACH))


async def effects(service: Service) -> list[int]:
    async with service.database.read() as session:
        counts = select(CounterRow.count).where(CounterRow.key.like("mark-%"))
        return list(await session.scalars(counts))


async def effects_reach(service: Service, number: int) -> list[int]:
    async with asyncio.timeout(AGAIN_SECONDS):
        while len(found := await effects(service)) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


def test_the_effects_of_100_jobs_survive_a_killed_worker_each_once(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with enqueuing(database_url, redis_server.url) as service:
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY) as first:
                await enqueue_all(service)
                before = await effects_reach(service, 20)
                assert first.stop(signal.SIGKILL) == -signal.SIGKILL
            assert len(before) < JOBS
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY):
                assert await effects_reach(service, JOBS) == [1] * JOBS

    asyncio.run(scenario())


def test_a_worker_that_is_told_to_stop_loses_none(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with enqueuing(database_url, redis_server.url) as service:
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY) as first:
                await enqueue_all(service)
                await effects_reach(service, 20)
                assert await asyncio.to_thread(first.stop) == 0
            async with service.database.read() as session:
                interrupted = select(JobRow).where(JobRow.status == JobStatus.RUNNING)
                assert (await session.scalars(interrupted)).all() == []
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY):
                assert await effects_reach(service, JOBS) == [1] * JOBS

    asyncio.run(scenario())


def test_a_job_that_outlasts_the_shutdown_is_released_at_once(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        variables = {"SECRET_KEY": SECRET_KEY, "WORKER_SHUTDOWN_SECONDS": "0.5"}
        async with enqueuing(database_url, redis_server.url) as service:
            with working(database_url, redis_server.url, tmp_path, **variables) as worker:
                job_id = await enqueued(service, WAIT, Mark(seconds=50))
                await reached(service, job_id, [JobStatus.RUNNING])
                async with asyncio.timeout(STOPPED_SECONDS):
                    assert await asyncio.to_thread(worker.stop) == 0
            row = await reached(service, job_id, [JobStatus.WAITING])
            assert row.attempts == 0
            with working(database_url, redis_server.url, tmp_path, **variables):
                async with asyncio.timeout(STOPPED_SECONDS):
                    await reached(service, job_id, [JobStatus.RUNNING])

    asyncio.run(scenario())


def test_a_redis_that_stops_between_commit_and_relay_loses_none(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with enqueuing(database_url, redis_server.url) as service:
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY):
                redis_server.kill()
                await enqueue_all(service)
                await asyncio.to_thread(redis_server.start)
                assert await effects_reach(service, JOBS) == [1] * JOBS

    asyncio.run(scenario())


def test_a_redis_that_forgets_what_it_was_given_loses_none(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with enqueuing(database_url, redis_server.url) as service:
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY):
                await enqueue_all(service)
                await effects_reach(service, 20)
                redis_server.kill()
                await asyncio.to_thread(redis_server.start)
                assert await effects_reach(service, JOBS) == [1] * JOBS

    asyncio.run(scenario())


def test_a_poisoned_job_ends_in_the_dead_letters_with_its_error(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with enqueuing(database_url, redis_server.url) as service:
            with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY):
                job_id = await enqueued(service, FAIL, Mark(name="this"))
                row = await reached(service, job_id, [JobStatus.DEAD])

        assert row.attempts == FAIL.max_attempts
        assert row.last_error == "ValueError: this cannot be done"

    asyncio.run(scenario())
