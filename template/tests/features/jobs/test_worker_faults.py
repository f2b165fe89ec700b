"""What is seen of a worker from outside: the file that its probes look at."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.features.jobs.probes import working
from tests.features.redis.server import RedisServer
from tests.support.service import SECRET_KEY

pytestmark = pytest.mark.fault

PATIENCE_SECONDS = 30
STUCK_SECONDS = 3


def is_alive(path: Path, seconds: int) -> bool:
    """As the probes of the deployment ask, which allow 30 seconds."""
    probe = f"find {path} -newermt '-{seconds} seconds' | grep -q ."
    return (
        subprocess.run(["sh", "-c", probe], stderr=subprocess.DEVNULL, check=False).returncode == 0
    )


def comes(fact: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_probe_sees_a_worker_that_works_hangs_and_is_gone(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    path = tmp_path / "worker.alive"
    with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY) as worker:
        assert comes(lambda: is_alive(path, STUCK_SECONDS))
        os.kill(worker.process.pid, signal.SIGSTOP)
        assert comes(lambda: not is_alive(path, STUCK_SECONDS))
        os.kill(worker.process.pid, signal.SIGCONT)
        assert comes(lambda: is_alive(path, STUCK_SECONDS))
        assert worker.stop() == 0
        assert not path.exists()
    assert not is_alive(path, STUCK_SECONDS)


def test_the_probe_sees_that_a_killed_worker_is_gone(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    path = tmp_path / "worker.alive"
    with working(database_url, redis_server.url, tmp_path, SECRET_KEY=SECRET_KEY) as worker:
        assert comes(lambda: is_alive(path, STUCK_SECONDS))
        worker.stop(signal.SIGKILL)

    assert path.exists()
    assert comes(lambda: not is_alive(path, STUCK_SECONDS))
