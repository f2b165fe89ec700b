"""Starts a rendered service on a real socket and ends it with the signal an orchestrator sends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.support.process import clean_environment

START_SECONDS = 60
STOP_SECONDS = 30
# 143 is what a shell reports for a process that SIGTERM ended.
CLEAN_EXITS = (0, 143, -signal.SIGTERM)


@contextmanager
def served(command: str, cwd: Path, port: int) -> Iterator[str]:
    """The base URL of what the command serves, while it serves it."""
    url = f"http://127.0.0.1:{port}"
    log = cwd.parent / f"serve-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=cwd,
            env=clean_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_healthy(url, process, log)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
    assert status in CLEAN_EXITS, log.read_text()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_healthy(url: str, process: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{url}/health").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not healthy within {START_SECONDS} s:\n{log.read_text()}")
