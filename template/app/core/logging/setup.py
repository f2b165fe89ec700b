"""One JSON object a line on stdout; the standard library's loggers end in the same line format."""

import json
import logging
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import orjson
import structlog
from fastapi import FastAPI
from pydantic import Field
from structlog.types import EventDict, Processor, WrappedLogger

from app.core import instruments, project
from app.core.logging import output
from app.core.logging.redaction import Redaction
from app.core.settings import Settings, SettingsGroup

SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "api_key", "verifier")
REDACTED = "[redacted]"


class LoggingSettings(SettingsGroup):
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """Lines below it are not written; production refuses `DEBUG`."""
    log_format: Literal["json", "console"] | None = None
    """`json` in production and `console` in development, unless it is said."""
    log_access_sample_ratio: float = Field(1.0, ge=0, le=1)
    """The share of `request.completed` lines that is written; a status from 400 on always is."""
    log_queue_lines: int = Field(10_000, ge=100)
    """How many lines may wait for stdout while the server runs; further ones are dropped."""

    def problems(self) -> Iterator[str]:
        if self.log_level == "DEBUG":
            yield "LOG_LEVEL: DEBUG lets libraries log what clients sent; use INFO or above"


class NamedLogger:
    """Writes whole lines and knows its name, as the standard library's loggers do."""

    def __init__(self, name: str = "app") -> None:
        self.name = name

    def msg(self, line: bytes) -> None:
        output.write(line)

    debug = info = warning = error = critical = exception = msg


class StdoutHandler(logging.Handler):
    """Its own type, so that a second application in one process replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # the edge of a library's call: its mistake must not fail the caller
            self.handleError(record)
        else:
            output.write(line.encode())


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(LoggingSettings)
    log_format = group.log_format or settings.default(development="console", production="json")
    level = logging.getLevelNamesMapping()[group.log_level]
    shared = _shared_processors(settings.runtime.environment)
    renderer = _renderer(log_format)
    redaction = Redaction(settings)
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer, _as_bytes, redaction],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=NamedLogger,
        cache_logger_on_first_use=False,
    )
    _route_standard_library(shared, renderer, redaction, level)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """By name: a value under a key that sounds secret never reaches a line."""
    for key in event:
        if _is_secret(key):
            event[key] = REDACTED
    return event


def to_json(value: Any, **_: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a lone surrogate has no UTF-8 form; escaped ASCII has
        return json.dumps(value, default=str, ensure_ascii=True).encode()


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    lower = key.lower()
    return any(word in lower for word in SECRET_WORDS)


def _renderer(log_format: str) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(serializer=to_json)
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), event_key="event")


def _shared_processors(environment: str) -> list[Processor]:
    service = project.project().name

    def origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["environment"] = environment
        instruments.annotate(event)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        origin,
        redact,
    ]


def _route_standard_library(
    shared: list[Processor], renderer: Processor, redaction: Processor, level: int
) -> None:
    handler = StdoutHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
                _as_bytes,
                redaction,
                _as_text,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [old for old in root.handlers if not isinstance(old, StdoutHandler)]
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # request.completed says more
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # at DEBUG it writes parameters: hashes


def _as_bytes(_: WrappedLogger, __: str, line: Any) -> bytes:
    return line if isinstance(line, bytes) else str(line).encode("utf-8", "backslashreplace")


def _as_text(_: WrappedLogger, __: str, line: Any) -> str:
    return str(line, "utf-8")
