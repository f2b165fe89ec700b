"""Traces and metrics by OTLP over HTTP: requests, SQL, outgoing HTTP, jobs across their queue.

FastAPI makes the spans of requests itself; what it is given here is of which, and where they go.
Each request is measured, traced or not. Without an endpoint, or with OTEL_SDK_DISABLED, nothing is
recorded. The queue of the export is bounded, and a collector that is away costs spans, never an
answer.
"""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanKind, TracerProvider

from app.core import instruments, lifespan, registry
from app.core.database import Database
from app.core.http.guard import PROBES
from app.core.instruments import METHODS, Instruments
from app.core.settings import Settings
from app.features.tracing.counter import Counter
from app.features.tracing.export import Export
from app.features.tracing.libraries import instrumented
from app.features.tracing.sampling import PreSampler
from app.features.tracing.settings import TracingSettings

NAME = "app"
SCHEME = "http"
"""What the process itself is spoken to by: TLS ends before it."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper bounds, as the semantic conventions of HTTP advise."""
OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class Telemetry:
    """Made before the application, which is told at its making where its spans go."""

    def __init__(self, settings: Settings) -> None:
        group = settings.group(TracingSettings)
        self._door = PreSampler(group.otel_traces_sampler_arg)
        self._export = Export(group, settings.runtime) if group.is_on else None

    @property
    def options(self) -> TelemetryConfig:
        if self._export is None:
            return OFF
        return {
            "tracer_provider": self._export.tracer_provider,
            "metrics": False,  # those of the instruments have what is not traced too
            "logs": False,  # the lines on stdout carry the ids of trace and span
            "operation_spans": False,
            "auto_configure": False,
            "exclude": self._door.leaves_out,
        }

    def install(self, app: FastAPI, settings: Settings) -> None:
        if self._export is None:
            return
        export = self._export
        database = registry.get(app, Database)
        databases = {database, database.for_reads}
        engines = [database.engine.sync_engine for database in databases]
        instruments.add(Traced(export.tracer_provider, export.meter_provider))

        @asynccontextmanager
        async def exported() -> AsyncIterator[None]:
            with instrumented(engines, export.tracer_provider, export.meter_provider):
                yield
            await asyncio.to_thread(export.close)

        lifespan.add(app, exported)


class Traced(Instruments):
    """Puts the ids of the current span on log lines and carriers, and counts by OTLP."""

    def __init__(self, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> None:
        self._tracer = tracer_provider.get_tracer(NAME)
        meter = meter_provider.get_meter(NAME)
        self._running = Counter("http.request.method", "url.scheme")
        self._auth = Counter("event", "outcome")
        self._limits = Counter("limit")
        self._cache = Counter("outcome")
        meter.create_observable_up_down_counter(
            "http.server.active_requests", [self._running.observe], "{request}"
        )
        meter.create_observable_counter("auth.events", [self._auth.observe], "{event}")
        meter.create_observable_counter("rate_limit.hits", [self._limits.observe], "{request}")
        meter.create_observable_counter("cache.requests", [self._cache.observe], "{request}")
        self._requests = meter.create_histogram(
            "http.server.request.duration", "s", explicit_bucket_boundaries_advisory=SECONDS
        )
        self._jobs = meter.create_histogram("job.duration", "s")

    def request_started(self, method: str) -> None:
        self._running.add(_known(method), SCHEME)

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        method = _known(method)
        self._running.add(method, SCHEME, count=-1)
        if route in PROBES:
            return
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "http.response.status_code": status,
            "url.scheme": SCHEME,
        }
        if route is not None:
            attributes["http.route"] = route
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            attributes["error.type"] = str(status)
        self._requests.record(seconds, attributes)

    def auth_event(self, event: str, outcome: str = "success") -> None:
        self._auth.add(event, outcome)

    def rate_limit_hit(self, limit: str) -> None:
        self._limits.add(limit)

    def cache_request(self, outcome: str) -> None:
        self._cache.add(outcome)

    def job_finished(self, name: str, outcome: str, seconds: float) -> None:
        self._jobs.record(seconds, {"name": name, "outcome": outcome})

    def asking(self, system: str, operation: str) -> AbstractContextManager[object]:
        """A span inside of a recorded one: what no request and no job asks makes no trace."""
        if not trace.get_current_span().is_recording():
            return nullcontext()
        attributes = {"db.system.name": system, "db.operation.name": operation}
        return self._tracer.start_as_current_span(
            f"{system} {operation}", kind=SpanKind.CLIENT, attributes=attributes
        )

    def annotate(self, event: MutableMapping[str, Any]) -> None:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = trace.format_trace_id(context.trace_id)
            event["span_id"] = trace.format_span_id(context.span_id)

    def inject(self, carrier: dict[str, str]) -> None:
        propagate.inject(carrier)

    def continued(self, name: str, carrier: dict[str, str]) -> AbstractContextManager[object]:
        return self._tracer.start_as_current_span(
            name, context=propagate.extract(carrier), kind=SpanKind.CONSUMER
        )


def _known(method: str) -> str:
    return method if method in METHODS else "_OTHER"
