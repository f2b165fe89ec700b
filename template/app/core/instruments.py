"""Where the service tells what happens to the parts that measure it; by default there are none.

A part calls `instruments.auth_event("auth.refresh", "failure")`. A feature that measures overrides
methods of Instruments and calls `add` when it is installed. Words are literals of the code, never
values of a request: each combination may become a series.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Concatenate

from fastapi import FastAPI

from app.core.settings import Settings

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A client may send any other word; a feature that counts by method puts those under one name."""


class Instruments:
    """No-op implementation."""

    def request_started(self, method: str) -> None: ...

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """`route` is the template, None where no route matched."""

    def auth_event(self, event: str, outcome: str = "success") -> None:
        """`outcome` is `success` or `failure`."""

    def rate_limit_hit(self, limit: str) -> None:
        """A request was refused; `limit` is the name of the limit."""

    def cache_request(self, outcome: str) -> None:
        """`outcome` is `hit`, `miss` or `error`."""

    def job_finished(self, name: str, outcome: str, seconds: float) -> None:
        """`outcome` is `success`, `failure` or `retry`."""

    def asking(self, system: str, operation: str) -> AbstractContextManager[object]:
        """Around a call of a system that no library measures; the operation names no value."""
        return nullcontext()

    def annotate(self, event: MutableMapping[str, Any]) -> None:
        """Adds to a log line where in a trace it was written."""

    def inject(self, carrier: dict[str, str]) -> None:
        """Adds what a job needs to continue the trace of the request that enqueued it."""

    def continued(self, name: str, carrier: dict[str, str]) -> AbstractContextManager[object]:
        """Around work that continues the trace of the carrier."""
        return nullcontext()


_installed: list[Instruments] = []


def install(app: FastAPI, settings: Settings) -> None:
    """As with logging, the last application of a process is the one that is measured."""
    _installed.clear()


def add(instruments: Instruments) -> None:
    _installed.append(instruments)


def carrier() -> dict[str, str]:
    """Empty without tracing."""
    carried: dict[str, str] = {}
    inject(carried)
    return carried


def _told[**P](method: Callable[Concatenate[Instruments, P], None]) -> Callable[P, None]:
    def tell(*args: P.args, **named: P.kwargs) -> None:
        for one in _installed:
            getattr(one, method.__name__)(*args, **named)

    return tell


def _around[**P](
    method: Callable[Concatenate[Instruments, P], AbstractContextManager[object]],
) -> Callable[P, AbstractContextManager[None]]:
    @contextmanager
    def around(*args: P.args, **named: P.kwargs) -> Iterator[None]:
        with ExitStack() as stack:
            for one in _installed:
                stack.enter_context(getattr(one, method.__name__)(*args, **named))
            yield

    return around


request_started = _told(Instruments.request_started)
request_finished = _told(Instruments.request_finished)
auth_event = _told(Instruments.auth_event)
rate_limit_hit = _told(Instruments.rate_limit_hit)
cache_request = _told(Instruments.cache_request)
job_finished = _told(Instruments.job_finished)
annotate = _told(Instruments.annotate)
inject = _told(Instruments.inject)
asking = _around(Instruments.asking)
continued = _around(Instruments.continued)
