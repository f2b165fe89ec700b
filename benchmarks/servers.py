"""The two servers of a benchmark, each one process of the rendered project's own environment."""

import os
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.postgres import free_port

HERE = Path(__file__).parent
START_TIMEOUT_SECONDS = 20
WIDE = "100000000/minute"
"""Counted like any limit, and never reached."""
HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""What the image sets GLIBC_TUNABLES to."""


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    seconds_to_first_answer: float

    @property
    def rss_mb(self) -> float:
        """Resident memory of the process and its children."""
        parent = psutil.Process(self.process.pid)
        processes = [parent, *parent.children(recursive=True)]
        return sum(process.memory_info().rss for process in processes) / 1_000_000


@contextmanager
def rendered(
    project: Path, data: Path, *, name: str = "rendered", **environment: str
) -> Iterator[Server]:
    """`app serve` as the image runs it in production, its log lines written to a file."""
    settings = {
        "ENVIRONMENT": "production",
        "GLIBC_TUNABLES": HUGE_PAGES,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "TRUSTED_HOSTS": "127.0.0.1",
        "TRUSTED_PROXIES": "none",
        "INSTANCES": "1",
        "RATE_LIMIT_DEFAULT": WIDE,
        "DATA_DIR": str(data),
        "DRAIN_SECONDS": "0",
        "PASSWORD_GRANT_ENABLED": "true",
        "MAIL_URL": "smtp://127.0.0.1",
        "MAIL_FROM": "service@example.org",
        **environment,
    }
    app = str(project / ".venv" / "bin" / "app")
    subprocess.run([app, "db", "upgrade"], cwd=project, env=kept() | settings, check=True)
    port = free_port()
    command = [app, "serve", "--port", str(port)]
    with _started(name, command, project, port, data, settings) as server:
        yield server


@contextmanager
def bare(project: Path, data: Path, **environment: str) -> Iterator[Server]:
    """The same routes in an application of a dozen lines, served by the same uvicorn."""
    port = free_port()
    python = str(project / ".venv" / "bin" / "python")
    command = [python, "-m", "uvicorn", "bare:app", "--port", str(port), "--no-access-log"]
    with _started("bare", command, HERE, port, data, environment) as server:
        yield server


@contextmanager
def _started(
    name: str, command: list[str], cwd: Path, port: int, data: Path, settings: dict[str, str]
) -> Iterator[Server]:
    with (data / f"{name}.log").open("wb") as log:
        environment = kept() | settings
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=log, stderr=log)
        try:
            _wait(process, f"http://127.0.0.1:{port}/health")
            yield Server(name, port, process, environment, time.perf_counter() - started)
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_SECONDS)


def kept() -> dict[str, str]:
    """What of this process's environment every other one gets."""
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310
                return
        except OSError:  # URLError is one
            time.sleep(0.02)
    raise RuntimeError(f"the server did not answer at {url}; its exit status: {process.poll()}")
