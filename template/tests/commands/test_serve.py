"""`app serve`: a real process on a real socket."""

import httpx2

from tests.support.server import serving


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
