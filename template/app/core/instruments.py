"""What happens in the service, told in one line to whatever measures it; by default to nobody.

A part says `instruments.auth_event("auth.refresh", "failure")` and knows no more. A feature that
measures overrides the methods it needs and calls `add` when it is installed. Words are literals of
the code, never values of a request: each combination may become a series.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Literal

from fastapi import FastAPI

from app.core.settings import Settings

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A client may send any other word: who counts by method puts those under one name."""


class Instruments:
    """Hears nothing and carries nothing."""

    def request_started(self, method: str) -> None: ...

    def request_finished(
        self, method: str, route: str | None, status: int, seconds: float
    ) -> None: ...

    def auth_event(self, event: str, outcome: str) -> None: ...

    def rate_limit_hit(self, limit: str) -> None: ...

    def cache_request(self, outcome: str) -> None: ...

    def job_finished(self, name: str, outcome: str, seconds: float) -> None: ...

    def asking(self, system: str, operation: str) -> AbstractContextManager[object]:
        return nullcontext()

    def annotate(self, event: MutableMapping[str, Any]) -> None: ...

    def inject(self, carrier: dict[str, str]) -> None: ...

    def continued(self, name: str, carrier: dict[str, str]) -> AbstractContextManager[object]:
        return nullcontext()


_installed: list[Instruments] = []


def install(app: FastAPI, settings: Settings) -> None:
    """As with logging, the last application of a process is the one that is measured."""
    _installed.clear()


def add(instruments: Instruments) -> None:
    _installed.append(instruments)


def request_started(method: str) -> None:
    for one in _installed:
        one.request_started(method)


def request_finished(method: str, route: str | None, status: int, seconds: float) -> None:
    """`route` is the template, None where no route matched."""
    for one in _installed:
        one.request_finished(method, route, status, seconds)


def auth_event(event: str, outcome: Literal["success", "failure"] = "success") -> None:
    for one in _installed:
        one.auth_event(event, outcome)


def rate_limit_hit(limit: str) -> None:
    """A request was refused; `limit` is the name of the limit."""
    for one in _installed:
        one.rate_limit_hit(limit)


def cache_request(outcome: Literal["hit", "miss", "error"]) -> None:
    for one in _installed:
        one.cache_request(outcome)


def job_finished(
    name: str, outcome: Literal["success", "failure", "retry"], seconds: float
) -> None:
    for one in _installed:
        one.job_finished(name, outcome, seconds)


@contextmanager
def asking(system: str, operation: str) -> Iterator[None]:
    """Around a question to a system that no library measures; the operation names no value."""
    with ExitStack() as stack:
        for one in _installed:
            stack.enter_context(one.asking(system, operation))
        yield


def annotate(event: MutableMapping[str, Any]) -> None:
    """Adds to a log line where in a trace it was written."""
    for one in _installed:
        one.annotate(event)


def carrier() -> dict[str, str]:
    """What a job needs to stand in the trace of whoever enqueues it; empty without tracing."""
    carried: dict[str, str] = {}
    for one in _installed:
        one.inject(carried)
    return carried


@contextmanager
def continued(name: str, carried: dict[str, str]) -> Iterator[None]:
    """`with instruments.continued("job send_mail", carried):` is a part of the carrier's trace."""
    with ExitStack() as stack:
        for one in _installed:
            stack.enter_context(one.continued(name, carried))
        yield
