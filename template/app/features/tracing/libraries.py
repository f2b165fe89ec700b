"""The calls that become spans, from the start of the service to its end."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider
from sqlalchemy import Engine

from app.features.tracing.statements import Statements

NAME = "app.sql"


@contextmanager
def instrumented(
    engines: Iterable[Engine], tracer_provider: TracerProvider, meter_provider: MeterProvider
) -> Iterator[None]:
    client, tracer = HTTPX2ClientInstrumentor(), tracer_provider.get_tracer(NAME)
    client.instrument(tracer_provider=tracer_provider, meter_provider=meter_provider)
    with ExitStack() as stack:
        stack.callback(client.uninstrument)
        for engine in engines:
            stack.enter_context(Statements(engine, tracer).traced(engine))
        yield
