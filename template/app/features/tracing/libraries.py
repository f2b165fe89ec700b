"""The libraries whose calls become spans, from the start of the service to its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.utils import unwrap
from opentelemetry.metrics import MeterProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import TracerProvider
from sqlalchemy import Engine


@contextmanager
def instrumented(
    engine: Engine, tracer_provider: TracerProvider, meter_provider: MeterProvider
) -> Iterator[None]:
    database, client = SQLAlchemyInstrumentor(), HTTPX2ClientInstrumentor()
    # Its check knows no SQLAlchemy 2.1 and would refuse with a log line only.
    database.instrument(
        engine=engine,
        skip_dep_check=True,
        tracer_provider=tracer_provider,
        meter_provider=NoOpMeterProvider(),  # the pool is counted where it is cheap
    )
    unwrap(Engine, "connect")  # a span for each checkout costs more than it tells
    client.instrument(tracer_provider=tracer_provider, meter_provider=meter_provider)
    try:
        yield
    finally:
        client.uninstrument()
        database.uninstrument()
