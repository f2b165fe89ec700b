"""`app serve`: one process, drained before it stops."""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
import uvicorn
from pydantic import Field

from app.core import registry
from app.core.health import Health
from app.core.http.connections import ConnectionSettings, bounded
from app.core.logging import LoggingSettings
from app.core.logging.output import queued
from app.core.settings import ConfigurationError, Settings, SettingsGroup
from app.main import create_app

KEEP_ALIVE_SECONDS = 75
"""Above the idle timeout of the usual load balancers, so that they close first."""
# Proxies: ours believes TRUSTED_PROXIES; uvicorn's would believe 127.0.0.1.
UVICORN: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
}


class ServeSettings(SettingsGroup):
    drain_seconds: float | None = Field(None, ge=0, le=30)
    """How long readiness says 503 before the socket closes; 5 in production, else 0."""
    shutdown_timeout_seconds: int = Field(15, ge=1, le=60)
    """How long requests that were accepted may take to finish."""


class DrainingServer(uvicorn.Server):
    """The first signal turns readiness; the drain, or a second signal, closes the socket."""

    def __init__(
        self, config: uvicorn.Config, health: Health, drain_seconds: float, log_queue_lines: int
    ) -> None:
        super().__init__(config)
        self._health = health
        self._drain_seconds = drain_seconds
        self._drained_at: float | None = None
        self._log_queue_lines = log_queue_lines

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """At its end the signal is raised again and may end the process: by then no line waits."""
        with super().capture_signals(), queued(sys.stdout.fileno(), self._log_queue_lines):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._health.is_draining or not self.started:
            super().handle_exit(sig, frame)
            return
        self._health.is_draining = True
        self._drained_at = time.monotonic() + self._drain_seconds
        self._captured_signals.append(sig)

    async def on_tick(self, counter: int) -> bool:
        if self._drained_at is not None and time.monotonic() >= self._drained_at:
            self.should_exit = True
        return await super().on_tick(counter)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart after a change of the code; development only.")
    ] = False,
) -> None:
    """Serve the API until SIGTERM or Ctrl+C; in development the database is made ready first."""
    settings = Settings()
    if reload:
        _serve_reloading(settings, host, port)
        return
    group = settings.group(ServeSettings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=bounded(settings.group(ConnectionSettings)),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=group.shutdown_timeout_seconds,
        **UVICORN,
    )
    drain_seconds = group.drain_seconds
    if drain_seconds is None:
        drain_seconds = settings.default(development=0.0, production=5.0)
    gc.collect()
    gc.freeze()  # what was built at start lives as long as the process: never scanned again
    most_lines = settings.group(LoggingSettings).log_queue_lines
    server = DrainingServer(config, registry.get(app, Health), drain_seconds, most_lines)
    server.run()
    if not server.started:
        raise typer.Exit(1)


def _serve_reloading(settings: Settings, host: str, port: int) -> None:
    """By uvicorn's own supervisor, which imports the application in a process of its own."""
    if settings.runtime.environment != "development":
        raise ConfigurationError(["ENVIRONMENT: --reload works in development only"])
    uvicorn.run(
        "app.main:app",
        host=host,
        port=port,
        reload=True,
        reload_dirs=[str(Path(__file__).parents[1])],
        **UVICORN,
    )
