"""Where spans and measurements go: bounded queues that threads of their own empty."""

import logging
import os
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, TraceIdRatioBased

from app.core.project import project
from app.core.settings import RuntimeSettings
from app.features.tracing.sampling import PreSampled
from app.features.tracing.scrubbing import Scrubbing
from app.features.tracing.settings import TracingSettings

CLOSE_SECONDS = 5
"""For what is still queued at the end; far under the grace period of an orchestrator."""


class Export:
    """The providers of one application. Its threads run from here until `close`."""

    def __init__(self, group: TracingSettings, runtime: RuntimeSettings) -> None:
        resource = _resource(group, runtime)
        timeout, headers = group.otel_exporter_otlp_timeout, group.headers
        self.tracer_provider = TracerProvider(
            sampler=PreSampled(_sampler(group)), resource=resource, shutdown_on_exit=False
        )
        self.tracer_provider.add_span_processor(Scrubbing())
        spans = OTLPSpanExporter(group.url("traces"), headers=headers, timeout=timeout)
        self.tracer_provider.add_span_processor(
            BatchSpanProcessor(spans, max_queue_size=group.otel_bsp_max_queue_size)
        )
        measurements = OTLPMetricExporter(group.url("metrics"), headers=headers, timeout=timeout)
        reader = PeriodicExportingMetricReader(measurements, group.otel_metric_export_interval)
        self.meter_provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        # Each failed export would be a line of theirs; the collector's absence is told once.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)

    def close(self) -> None:
        """Sends what is queued, and leaves it behind where the collector does not answer."""
        closings = [
            Thread(target=provider.shutdown, daemon=True)
            for provider in (self.tracer_provider, self.meter_provider)
        ]
        for closing in closings:
            closing.start()
        for closing in closings:
            closing.join(CLOSE_SECONDS)


def _resource(group: TracingSettings, runtime: RuntimeSettings) -> Resource:
    return Resource.create(
        {
            "service.name": group.otel_service_name or project().name,
            "service.version": project().version,
            "service.instance.id": f"{os.uname().nodename}:{os.getpid()}",
            "deployment.environment.name": str(runtime.environment),
        }
    )


def _sampler(group: TracingSettings) -> Sampler:
    by_ratio = TraceIdRatioBased(group.otel_traces_sampler_arg)
    if group.otel_traces_sampler == "traceidratio":
        return by_ratio
    return ParentBased(by_ratio)
