"""What a request asks Redis stands in its trace, by the names of the commands alone."""

import asyncio

from app.core import instruments
from app.features.redis.client import RedisClient
from tests.features.tracing.collector import collecting
from tests.support.factories import logged_in
from tests.support.service import Start

ME = "/api/v1/users/me"


async def test_a_request_has_a_span_for_what_it_asks_redis(start: Start, redis_url: str) -> None:
    with collecting() as collector:
        options = {"otel_exporter_otlp_endpoint": collector.url, "redis_url": redis_url}
        async with start(**options) as service:
            tokens = await logged_in(service)
            await service.client.get(ME, headers=tokens.header)

    (request,) = collector.named(f"GET {ME}")
    inside = [span for span in collector.spans if span.trace_id == request.trace_id]
    asked = [span for span in inside if span.attributes.get("db.system.name") == "redis"]
    assert "TIME MGET" in {span.attributes["db.operation.name"] for span in asked}
    assert {span.name for span in asked} <= {"redis TIME MGET", "redis SET"}
    assert tokens.access not in str(collector.spans)


async def test_callers_whose_commands_go_out_together_have_a_span_each(
    start: Start, redis_url: str
) -> None:
    with collecting() as collector:
        async with start(otel_exporter_otlp_endpoint=collector.url):
            link = RedisClient(redis_url)

            async def asks(name: str) -> None:
                with instruments.continued(name, {}):
                    await link.call(("GET", "kangaroo"))

            async with link.opened():
                await link.ping()
                await asyncio.gather(asks("one"), asks("other"))

    spans = collector.named("redis GET")
    callers = collector.named("one") + collector.named("other")
    assert {span.parent_id for span in spans} == {span.span_id for span in callers}
    assert collector.named("redis PING") == []
    assert "kangaroo" not in str(collector.spans)
