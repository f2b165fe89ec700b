"""Where the work of the current task comes from: set for each request, empty in a command."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    ip: str | None = None
    user_agent: str | None = None
    correlation_id: str | None = None


NOWHERE = Origin()

_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    return _current.get()


def set_current(origin: Origin) -> None:
    _current.set(origin)
