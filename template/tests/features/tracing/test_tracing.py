"""Spans and measurements as a collector sees them: one trace, from a request to what it causes."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import Request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import instruments
from app.core.settings import ConfigurationError
from app.features.tracing import export
from tests.features.tracing.collector import Collector, Span, black_hole, collecting
from tests.support import log
from tests.support.factories import logged_in, make_user
from tests.support.service import Start

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
REQUESTS = 200


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def exporting(collector: Collector, **values: Any) -> dict[str, Any]:
    return {"otel_exporter_otlp_endpoint": collector.url, **values}


def left_behind() -> list[threading.Thread]:
    """What still exports for an application that has ended."""
    return [
        one
        for one in threading.enumerate()
        if one.name.startswith("Otel") or one.name.endswith("(shutdown)")
    ]


def children(collector: Collector, parent: Span) -> list[Span]:
    return [span for span in collector.spans if span.parent_id == parent.span_id]


async def test_one_trace_leads_from_the_caller_through_a_request_to_its_sql_and_its_job(
    start: Start, collector: Collector
) -> None:
    async with start(**exporting(collector)) as service:
        tokens = await logged_in(service)
        carriers: list[dict[str, str]] = []

        async def enqueue(request: Request) -> None:
            await service.database.ping()
            carriers.append(instruments.carrier())

        service.app.add_api_route("/enqueue/{name}", enqueue)
        headers = tokens.header | {"traceparent": TRACEPARENT}
        await service.client.get("/enqueue/report", headers=headers)
        with instruments.continued("job send_mail", carriers[0]):
            await service.database.ping()

    (request,) = collector.named("GET /enqueue/{name}")
    (job,) = collector.named("job send_mail")
    assert (request.trace_id, request.parent_id) == (TRACE, PARENT)
    assert (job.trace_id, job.parent_id) == (TRACE, request.span_id)
    for parent in (request, job):
        statements = [span.attributes.get("db.query.text") for span in children(collector, parent)]
        assert "SELECT 1" in statements
    assert request.attributes["http.response.status_code"] == "200"
    assert request.resource["service.name"] == service.app.title
    assert request.resource["deployment.environment.name"] == "test"


async def test_an_outgoing_request_carries_the_trace_on(start: Start, collector: Collector) -> None:
    async with start(**exporting(collector)) as service, httpx2.AsyncClient() as client:

        async def post() -> None:
            await client.post(f"{elsewhere.url}/v1/traces?code=kangaroo", content=b"")

        service.app.add_api_route("/post", post)
        with collecting() as elsewhere:
            await service.client.get("/post")

    (request,) = collector.named("GET /post")
    (outgoing,) = children(collector, request)
    assert elsewhere.headers["traceparent"].split("-")[1:3] == [request.trace_id, outgoing.span_id]
    assert "kangaroo" not in str(collector.spans)


async def test_what_is_not_recorded_has_ids_and_tells_whom_it_asks(
    start: Start, collector: Collector, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    values = exporting(collector, otel_traces_sampler_arg=0.0, log_format="json")
    async with start(**values) as service, httpx2.AsyncClient() as client:

        async def post() -> None:
            await service.database.ping()
            await client.post(f"{elsewhere.url}/v1/traces", content=b"")

        service.app.add_api_route("/post", post)
        with collecting() as elsewhere:
            await service.client.get("/post")

    (line,) = log.named(log.parsed(capsysbinary.readouterr().out), "request.completed")
    _, trace_id, _, flags = elsewhere.headers["traceparent"].split("-")
    assert (trace_id, flags) == (line["trace_id"], "00")
    assert collector.spans == []


async def test_a_share_of_the_requests_is_traced_and_every_one_is_measured(
    start: Start, collector: Collector
) -> None:
    async with start(**exporting(collector, otel_traces_sampler_arg=0.25)) as service:
        for _ in range(REQUESTS):
            await service.client.get("/nowhere")
            await service.client.get("/health")

    traced = collector.named("GET")
    assert 0.1 * REQUESTS < len(traced) < 0.4 * REQUESTS
    assert len({span.trace_id for span in traced}) == len(traced)
    assert collector.requests == {("GET", "", "404"): REQUESTS}


async def test_a_refused_statement_tells_no_value(start: Start, collector: Collector) -> None:
    async with start(**exporting(collector)) as service:
        with instruments.continued("job refused", {}), pytest.raises(DBAPIError):
            async with service.database.read() as session:
                await session.execute(text("SELECT :word FROM nowhere"), {"word": "kangaroo"})

    (job,) = collector.named("job refused")
    (statement,) = children(collector, job)
    assert statement.name == "SELECT"
    assert statement.status == statement.attributes["error.type"] != ""
    assert statement.status.isidentifier()  # a message of the database would quote values
    assert "kangaroo" not in str(collector.spans)


async def test_a_statement_of_no_request_makes_no_trace(start: Start, collector: Collector) -> None:
    async with start(**exporting(collector)) as service:
        await service.database.ping()

    assert collector.spans == []


async def test_no_secret_of_a_query_reaches_the_collector(
    start: Start, collector: Collector
) -> None:
    path = "/api/v1/auth/callback/google?code=kangaroo&state=kangaroo&token"
    async with start(**exporting(collector)) as service:
        await service.client.get(path)
        await service.client.get("/api/v1/users/me", headers={"Authorization": "Bearer kangaroo"})

    queries = [
        span.attributes["url.query"] for span in collector.spans if "url.query" in span.attributes
    ]
    assert queries == ["code=&state=&token="]
    assert "kangaroo" not in str(collector.spans)


async def test_lines_carry_the_ids_of_trace_and_span(
    start: Start, collector: Collector, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(**exporting(collector, log_format="json")) as service:
        await service.client.get("/nowhere", headers={"traceparent": TRACEPARENT})
        await service.client.get("/health", headers={"traceparent": TRACEPARENT})
        structlog.get_logger("app.test").info("outside")

    lines = log.parsed(capsysbinary.readouterr().out)
    traced, probe = log.named(lines, "request.completed")
    (span,) = collector.spans
    assert (traced["trace_id"], traced["span_id"]) == (TRACE, span.span_id)
    assert "trace_id" not in probe
    assert "trace_id" not in log.named(lines, "outside")[0]


async def test_measurements_are_exported(start: Start, collector: Collector) -> None:
    async with start(**exporting(collector)) as service:
        user = await make_user(service)
        body = {"username": user.username, "password": "wrong"}
        await service.client.post("/api/v1/auth/login", json=body)
        await service.client.request("KANGAROO", "/api/v1/auth/login")
        instruments.rate_limit_hit("auth")
        instruments.cache_request("hit")
        instruments.job_finished("send_mail", "success", 0.2)

    assert collector.metrics >= {
        "http.server.request.duration",
        "http.server.active_requests",
        "auth.events",
        "rate_limit.hits",
        "cache.requests",
        "job.duration",
    }
    login = "/api/v1/auth/login"
    assert collector.requests == {("POST", login, "401"): 1, ("_OTHER", login, "405"): 1}


@pytest.mark.parametrize(
    ("sampler", "ratio", "recorded"),
    [
        ("traceidratio", 0.0, 0),
        ("parentbased_traceidratio", 0.0, 1),
        ("parentbased_traceidratio", 1.0, 2),
    ],
)
async def test_the_standard_variables_decide_what_is_sampled(
    start: Start, collector: Collector, sampler: str, ratio: float, recorded: int
) -> None:
    values = {"otel_traces_sampler": sampler, "otel_traces_sampler_arg": ratio}
    async with start(**exporting(collector, **values)) as service:
        await service.client.get("/nowhere")
        await service.client.get("/nowhere", headers={"traceparent": TRACEPARENT})

    assert len(collector.spans) == recorded


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "kangaroo"},
        {"traceparent": f"00-{'0' * 32}-{PARENT}-01"},
        {"baggage": "kangaroo=1"},
        {"tracestate": "kangaroo=1"},
    ],
)
async def test_a_header_that_names_no_trace_is_drawn_as_any_request(
    start: Start, collector: Collector, headers: dict[str, str]
) -> None:
    async with start(**exporting(collector, otel_traces_sampler_arg=0.0)) as service:
        await service.client.get("/nowhere", headers=headers)

    assert collector.spans == []


async def test_the_collector_gets_the_headers_it_asks_for(
    start: Start, collector: Collector
) -> None:
    values = {"otel_exporter_otlp_headers": "x-tenant=a%20b, authorization=Bearer%20t"}
    async with start(**exporting(collector, **values)) as service:
        await service.client.get("/nowhere")

    assert collector.headers["x-tenant"] == "a b"
    assert collector.headers["authorization"] == "Bearer t"


@pytest.mark.parametrize("values", [{}, {"otel_sdk_disabled": True}])
async def test_nothing_is_exported_unless_it_is_on(
    start: Start, collector: Collector, values: dict[str, Any]
) -> None:
    if values:
        values = exporting(collector, **values)
    async with start(**values) as service:
        await service.client.get("/nowhere")
        assert instruments.carrier() == {}

    assert collector.spans == []
    assert collector.metrics == set()


async def test_a_collector_that_never_answers_holds_up_neither_a_request_nor_the_end(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CLOSE_SECONDS", 0.1)
    limits = {"otel_bsp_max_queue_size": 512, "otel_exporter_otlp_timeout": 1}
    with black_hole() as url:
        async with start(otel_exporter_otlp_endpoint=url, **limits) as service:
            for _ in range(600):
                response = await service.client.get("/nowhere")
            ended = time.monotonic()

    took = time.monotonic() - ended
    for thread in left_behind():  # its retries would draw random numbers in the next test
        thread.join()
    assert response.status_code == 404
    assert took < 5


async def test_production_refuses_headers_that_are_none(start: Start) -> None:
    values = {
        "environment": "production",
        "trusted_hosts": ["service.test"],
        "trusted_proxies": ["none"],
        "otel_exporter_otlp_headers": "kangaroo",
    }
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_HEADERS") as refused:
        async with start(**values):
            pass

    assert "kangaroo" not in str(refused.value)
