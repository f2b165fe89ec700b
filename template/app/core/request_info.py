"""Where the work of the current task comes from: set for each request, empty in a command."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestInfo:
    ip: str | None = None
    user_agent: str | None = None
    correlation_id: str | None = None


NOWHERE = RequestInfo()

_current: ContextVar[RequestInfo] = ContextVar("request_info", default=NOWHERE)


def current() -> RequestInfo:
    return _current.get()


def set_current(info: RequestInfo) -> None:
    _current.set(info)
