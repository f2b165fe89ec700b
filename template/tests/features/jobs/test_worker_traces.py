"""One trace leads from a request through its SQL to the job that a worker runs for it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from app.features.jobs.models import JobRow, JobStatus
from tests.features.jobs.probes import working
from tests.features.jobs.work import reached
from tests.features.redis.server import RedisServer
from tests.features.tracing.collector import Collector, Span, collecting
from tests.support.factories import logged_in, make_user
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
ROUTE = "/api/v1/users/{user_id}"


def statements(collector: Collector, parent: Span) -> list[str]:
    inside = [span for span in collector.spans if span.parent_id == parent.span_id]
    return [span.attributes.get("db.query.text", "") for span in inside]


async def changed(database_url: str, redis_url: str, collector: Collector) -> None:
    """Another address, which the old one is told of by mail."""
    options = {"redis_url": redis_url, "otel_exporter_otlp_endpoint": collector.url}
    async with running(database_url=database_url, **options) as service:
        user = await make_user(service)
        tokens = await logged_in(service, is_superuser=True)
        answer = await service.client.patch(
            ROUTE.format(user_id=user.id),
            json={"email": "new@example.com"},
            headers=tokens.header | {"traceparent": TRACEPARENT},
        )
        assert answer.status_code == 200
        async with service.database.read() as session:
            job_id = (await session.scalars(select(JobRow.id))).one()
        await reached(service, job_id, [JobStatus.DONE])


def test_a_request_its_sql_its_job_and_the_sql_of_the_job_are_one_trace(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    with collecting() as collector:
        variables = {"SECRET_KEY": SECRET_KEY, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with working(database_url, redis_server.url, tmp_path, **variables) as worker:
            asyncio.run(changed(database_url, redis_server.url, collector))
            assert worker.stop() == 0

    (request,) = collector.named(f"PATCH {ROUTE}")
    (job,) = collector.named("job mail.send")
    assert {request.trace_id, job.trace_id} == {TRACE}
    assert job.parent_id == request.span_id
    assert job.resource["service.instance.id"] != request.resource["service.instance.id"]
    assert any("INSERT INTO jobs" in one for one in statements(collector, request))
    assert any("UPDATE jobs" in one for one in statements(collector, job))
    asked = [span for span in collector.spans if span.name.startswith("redis ")]
    assert request.span_id in {span.parent_id for span in asked}
