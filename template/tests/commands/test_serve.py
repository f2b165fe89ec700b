"""`app serve`: a real process on a real socket."""

from pathlib import Path

import httpx2
import pytest

from app import installed
from app.core.settings import ConfigurationError
from tests.support.command_line import App
from tests.support.server import serving, started


def test_it_provisions_serves_and_ends_with_the_signal() -> None:
    with serving("", ENVIRONMENT="") as server:
        with httpx2.Client(base_url=server.url) as client:
            ready = client.get("/api/v1/health/readiness")
            docs = client.get("/docs")
        status = server.stop()

    lines = server.lines()
    assert ready.status_code == docs.status_code == 200
    assert "Server" not in ready.headers
    assert status in {0, -15, 143}
    assert [line["path"] for line in lines if line["event"] == "request.completed"] == [
        "/api/v1/health/readiness",
        "/docs",
    ]
    assert {line["environment"] for line in lines} == {"development"}


def test_a_port_in_use_is_a_failure(database_url: str) -> None:
    with serving(database_url) as server:
        port = server.url.rpartition(":")[2]
        with serving(database_url, port=port) as second:
            status = second.ended()

    assert status > 0
    assert any("address already in use" in line for line in second.output)


@pytest.mark.slow
def test_a_change_of_the_code_restarts_it() -> None:
    command = ["app", "serve", "--port", "0", "--reload"]
    with started(command, "", ENVIRONMENT="development") as server:
        server.wait_for("Started server process")
        Path(installed.__file__).touch()
        server.wait_for("Started server process")
        status = server.stop()

    assert status in {0, -15, 143}


@pytest.mark.parametrize("environment", ["test", "production"])
def test_only_development_reloads(
    app: App, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)

    result = app("serve", "--reload")

    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    assert "--reload" in str(result.exception)
