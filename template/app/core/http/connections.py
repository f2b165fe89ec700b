"""Connections whose request does not come: each has a bounded time, and all of them a number.

A client that sends its head byte by byte costs a socket, and sockets are few. It gets
HEAD_TIMEOUT_SECONDS; where MAX_CONNECTIONS are open, the one that has been waited for longest goes,
be it one that has had its answer and sends nothing more.
"""

from asyncio import TimerHandle, Transport
from typing import Any, ClassVar

from pydantic import Field
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.settings import SettingsGroup

MAX_HEAD_BYTES = 65_536


class ConnectionSettings(SettingsGroup):
    head_timeout_seconds: float = Field(10, gt=0, le=120)
    """From the first byte of a request to the end of its headers."""
    max_connections: int = Field(900, ge=10)
    """Under the limit of open files, which is often 1024."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, which waits for a head without an end."""

    settings: ClassVar[ConnectionSettings]
    waiting: ClassVar[dict["BoundedProtocol", None]]
    """Connections whose next request is waited for, the longest first."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: TimerHandle | None = None
        self._is_in_head = False
        self._head_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as there
        super().connection_made(transport)
        self.waiting[self] = None
        self._expect(self.timeout_keep_alive)
        if len(self.connections) > self.settings.max_connections:
            next(iter(self.waiting)).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Most heads end in the packet in which they begin, and need no timer."""
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.abort()
            elif self._head_bytes == len(data):
                self._expect(self.settings.head_timeout_seconds)
        elif self._deadline is None and self in self.waiting:
            # An empty line begins no request, and has stopped uvicorn's timer.
            self._expect(self.timeout_keep_alive)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._head_bytes = 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and not self.transport.is_closing():
            self.waiting[self] = None

    def on_headers_complete(self) -> None:
        self._arrived()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def _expect(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _arrived(self) -> None:
        self._is_in_head = False
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def bounded(settings: ConnectionSettings) -> type[BoundedProtocol]:
    return type("Bounded", (BoundedProtocol,), {"settings": settings, "waiting": {}})
