"""Three processes migrate one empty database at once."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.support import project
from tests.support.server import serving

pytestmark = pytest.mark.fault


def test_three_servers_migrate_at_once_and_all_serve(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with ExitStack() as stack:
        url = f"sqlite+aiosqlite:///{path}"
        servers = [stack.enter_context(serving(url, ENVIRONMENT="development")) for _ in range(3)]
        ready = [
            httpx2.get(server.url + "/api/v1/health/readiness").status_code for server in servers
        ]
        statuses = [server.stop() for server in servers]

    connection = sqlite3.connect(path)
    (roles,) = connection.execute("SELECT count(*) FROM roles").fetchone()
    connection.close()
    assert ready == [200, 200, 200]
    assert {status in {0, -15, 143} for status in statuses} == {True}
    assert roles == 2


def test_three_processes_at_once_apply_each_revision_once(tmp_path: Path) -> None:
    copy = project.copied(tmp_path)
    processes = [project.start(copy, "db", "upgrade") for _ in range(3)]

    outputs = [process.communicate(timeout=project.TIMEOUT_SECONDS)[0] for process in processes]

    applied = "".join(outputs).count("Running upgrade")
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert applied in {0, len(list((copy / "migrations" / "baseline").glob("*.py")))}
