"""A span for each SQL statement of a request or job that is recorded, without its values.

What is not recorded costs one question. A statement that no request and no job asks makes no trace.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext


class Statements:
    def __init__(self, engine: Engine, tracer: Tracer) -> None:
        url = engine.url
        known = {
            "db.system.name": engine.dialect.name,
            "db.namespace": url.database,
            "server.address": url.host,
            "server.port": url.port,
        }
        self._database = {name: value for name, value in known.items() if value is not None}
        self._tracer = tracer

    @contextmanager
    def traced(self, engine: Engine) -> Iterator[None]:
        listeners: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._begins,
            "after_cursor_execute": self._ended,
            "handle_error": self._failed,
        }
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners.items():
                event.remove(engine, name, listener)

    def _begins(
        self, connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
    ) -> None:
        if context is None or not trace.get_current_span().is_recording():
            return
        operation = next(iter(statement.split(maxsplit=1)), "")
        context.span = self._tracer.start_span(
            operation,
            kind=SpanKind.CLIENT,
            attributes={
                **self._database,
                "db.operation.name": operation,
                "db.query.text": statement,
            },
        )

    def _ended(
        self, connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
    ) -> None:
        span = _span(context)
        if span is not None:
            span.end()

    def _failed(self, error: ExceptionContext) -> None:
        span = _span(error.execution_context)
        if span is not None:
            # Its kind only: a message of the database quotes values.
            kind = type(error.original_exception).__name__
            span.set_attribute("error.type", kind)
            span.set_status(Status(StatusCode.ERROR, kind))
            span.end()


def _span(context: Any) -> Span | None:
    span: Span | None = getattr(context, "span", None)
    return span
