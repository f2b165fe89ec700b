"""`/metrics` of a worker: what it ran, behind the token of the service."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.features.jobs.models import JobStatus
from tests.features.jobs.probes import COUNT, FAIL, Mark, working
from tests.features.jobs.work import enqueued, reached
from tests.features.redis.server import RedisServer, free_port
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

TOKEN = "monitoring-" + "x1y2" * 8


def scraped(text: str) -> dict[str, float]:
    """By name and labels, as they are written."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_worker_tells_what_it_ran(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    variables = {
        "SECRET_KEY": SECRET_KEY,
        "MONITORING_TOKEN": TOKEN,
        "WORKER_METRICS_PORT": str(port),
    }

    async def scenario() -> None:
        async with running(database_url=database_url, redis_url=redis_server.url) as service:
            counted = [await enqueued(service, COUNT, Mark()) for _ in range(3)]
            dead = await enqueued(service, FAIL, Mark())
            for job_id in counted:
                await reached(service, job_id, [JobStatus.DONE])
            await reached(service, dead, [JobStatus.DEAD])

    with working(database_url, redis_server.url, tmp_path, **variables) as worker:
        asyncio.run(scenario())
        refused = httpx2.get(url)
        answer = httpx2.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
        assert worker.stop() == 0

    assert refused.status_code == 401
    found = scraped(answer.text)
    succeeded = [("name", COUNT.name), ("outcome", "success")]
    assert found[f"jobs_total{succeeded}"] == 3
    for outcome, times in (("retry", FAIL.max_attempts - 1), ("failure", 1)):
        labels = [("name", FAIL.name), ("outcome", outcome)]
        assert found[f"jobs_total{labels}"] == times
    assert found[f"job_duration_seconds_count{[('name', COUNT.name)]}"] == 3
    assert found["db_pool_connections[('state', 'in_use')]"] >= 0
