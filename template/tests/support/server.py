"""A served application: `app serve` in a process of its own, or one on a socket of this process."""

import asyncio
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from app.core.http.connections import ConnectionSettings, bounded

START_SECONDS = 60
EXIT_SECONDS = 25


class Server:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output: list[str] = []
        self._unread: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @cached_property
    def url(self) -> str:
        """Waits until the server has said which port it listens on."""
        line = self.wait_for("Uvicorn running on")
        address = re.search(r"http://[0-9.]+:\d+", line)
        assert address is not None, line
        return address[0]

    def wait_for(self, text: str) -> str:
        """The next line with `text`; raises queue.Empty when none comes."""
        while True:
            line = self._unread.get(timeout=START_SECONDS)
            if text in line:
                return line

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """The exit status, negative for a signal, once all output has been read."""
        status = self.process.wait(EXIT_SECONDS)
        self._reader.join(EXIT_SECONDS)
        return status

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            self._unread.put(line)


@contextmanager
def serving(
    database_url: str,
    *,
    port: str = "0",
    preexec: Callable[[], None] | None = None,
    **variables: str,
) -> Iterator[Server]:
    """Ended by force at the end, whatever the test did."""
    command = ["app", "serve", "--port", port]
    with started(command, database_url, preexec, **variables) as server:
        yield server


@contextmanager
def started(
    command: list[str],
    database_url: str,
    preexec: Callable[[], None] | None = None,
    /,
    **variables: str,
) -> Iterator[Server]:
    """A module with its arguments, in a process that is ended by force at the end."""
    environment = {"DATABASE_URL": database_url, "LOG_FORMAT": "json", "ENVIRONMENT": "test"}
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=os.environ | environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=preexec,
    )
    try:
        yield Server(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(EXIT_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


@asynccontextmanager
async def listening(
    app: ASGIApp, settings: ConnectionSettings, *, keep_alive_seconds: int
) -> AsyncIterator[str]:
    """Its URL. A test can look into the application meanwhile."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        timeout_keep_alive=keep_alive_seconds,
        http=bounded(settings),
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task
