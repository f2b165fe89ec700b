"""Traces and metrics by OTLP over HTTP: requests, SQL, outgoing HTTP, jobs across their queue.

FastAPI makes the spans of requests itself; what it is given here is where they go. Without an
endpoint, or with OTEL_SDK_DISABLED, nothing is recorded. The queue of the export is bounded, and a
collector that is away costs spans, never an answer.
"""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from contextlib import asynccontextmanager
from contextlib import nullcontext
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate
from opentelemetry import trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanKind
from opentelemetry.trace import TracerProvider

from app.core import instruments
from app.core import lifespan
from app.core.config import Settings
from app.core.guard import PROBES
from app.core.instruments import Instruments
from app.features.tracing.export import Export
from app.features.tracing.libraries import instrumented
from app.features.tracing.settings import TracingSettings

NAME = "app"
OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class Telemetry:
    """Made before the application, which is told at its making where its spans go."""

    def __init__(self, settings: Settings) -> None:
        group = settings.group(TracingSettings)
        self._export = Export(group, settings.runtime) if group.is_on else None

    @property
    def options(self) -> TelemetryConfig:
        if self._export is None:
            return OFF
        return {
            "tracer_provider": self._export.tracer_provider,
            "meter_provider": self._export.meter_provider,
            "logs": False,  # the lines on stdout carry the ids of trace and span
            "operation_spans": False,
            "auto_configure": False,
            "exclude": _is_probe,
        }

    def install(self, app: FastAPI, settings: Settings) -> None:
        if self._export is None:
            return
        export = self._export
        engine = app.state.database.engine.sync_engine
        instruments.add(Traced(export.tracer_provider, export.meter_provider))

        @asynccontextmanager
        async def exported() -> AsyncIterator[None]:
            with instrumented(engine, export.tracer_provider, export.meter_provider):
                yield
            await asyncio.to_thread(export.close)

        lifespan.add(app, exported)


class Traced(Instruments):
    """Puts the ids of the current span on log lines and carriers, and counts by OTLP."""

    def __init__(self, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> None:
        self._tracer = tracer_provider.get_tracer(NAME)
        meter = meter_provider.get_meter(NAME)
        self._auth = meter.create_counter("auth.events", "{event}")
        self._limits = meter.create_counter("rate_limit.hits", "{request}")
        self._cache = meter.create_counter("cache.requests", "{request}")
        self._jobs = meter.create_histogram("job.duration", "s")

    def auth_event(self, event: str, outcome: str) -> None:
        self._auth.add(1, {"event": event, "outcome": outcome})

    def rate_limit_hit(self, limit: str) -> None:
        self._limits.add(1, {"limit": limit})

    def cache_request(self, outcome: str) -> None:
        self._cache.add(1, {"outcome": outcome})

    def job_finished(self, name: str, outcome: str, seconds: float) -> None:
        self._jobs.record(seconds, {"name": name, "outcome": outcome})

    def asking(self, system: str, operation: str) -> AbstractContextManager[object]:
        """A span inside of another one: what no request and no job asks makes no trace."""
        if not trace.get_current_span().get_span_context().is_valid:
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


def _is_probe(scope: Any) -> bool:
    return scope["path"] in PROBES
