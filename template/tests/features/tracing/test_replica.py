"""Statements that the replica answers."""

from app.core import instruments
from tests.features.tracing.collector import collecting
from tests.support.service import Start


async def test_a_read_of_the_replica_stands_in_its_trace(start: Start, replica_url: str) -> None:
    with collecting() as collector:
        settings = {
            "database_read_url": replica_url,
            "otel_exporter_otlp_endpoint": collector.url,
        }
        async with start(**settings) as service:
            with instruments.continued("job reading", {}):
                await service.database.for_reads.ping()

    (job,) = collector.named("job reading")
    children = [span for span in collector.spans if span.parent_id == job.span_id]
    assert [span.name for span in children] == ["SELECT"]
