"""Connections whose request does not come: each has a bounded time, and all of them a number.

A client that sends its head byte by byte costs a socket, and sockets are few. It gets
HEAD_TIMEOUT_SECONDS; where MAX_CONNECTIONS are open, the one that has been waited for longest goes.
"""

from asyncio import TimerHandle
from asyncio import Transport
from typing import Any
from typing import ClassVar

from pydantic import Field
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.config import SettingsGroup


class ConnectionSettings(SettingsGroup):
    head_timeout_seconds: float = Field(10, gt=0, le=120)
    """From the first byte of a request to the end of its headers."""
    max_connections: int = Field(900, ge=10)
    """Under the limit of open files, which is often 1024."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, which waits for a head without an end."""

    settings: ClassVar[ConnectionSettings]
    waiting: ClassVar[dict["BoundedProtocol", None]]
    """Connections without a whole head so far, the oldest first."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: TimerHandle | None = None
        self._has_begun = False
        """A head whose time does not run yet: most end in the packet in which they begin."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as there
        super().connection_made(transport)
        self.waiting[self] = None
        self._expect(self.timeout_keep_alive)
        if len(self.connections) > self.settings.max_connections:
            next(iter(self.waiting)).transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._has_begun:
            self._has_begun = False
            self._expect(self.settings.head_timeout_seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True

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
        self._has_begun = False
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def bounded(settings: ConnectionSettings) -> type[BoundedProtocol]:
    return type("Bounded", (BoundedProtocol,), {"settings": settings, "waiting": {}})
