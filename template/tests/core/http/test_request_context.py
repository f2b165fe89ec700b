"""Around every request: a correlation id, one log line, an answer even to a failure."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.support import log
from tests.support.factories import logged_in
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

HEADER = "X-Correlation-ID"


async def boom() -> None:
    raise RuntimeError("a secret of the machine: /etc/passwd")


KEPT = ["a", "A-z.0_9", "x" * 128]
REPLACED = ["", "x" * 129, "a b", "a\tb", "a;b", "../a", "\u00e9"]


@pytest.mark.parametrize("given", [*KEPT, *REPLACED])
async def test_the_callers_id_is_kept_if_it_has_the_shape(service: Service, given: str) -> None:
    response = await service.client.get("/nowhere", headers=[(HEADER.encode(), given.encode())])

    used = response.headers[HEADER]
    assert response.json()["correlation_id"] == used
    assert used == given if given in KEPT else len(used) == 32


async def test_every_request_gets_an_id_of_its_own(service: Service) -> None:
    responses = await asyncio.gather(*(service.client.get("/health") for _ in range(20)))

    assert len({response.headers[HEADER] for response in responses}) == 20


async def test_a_failure_is_a_500_that_tells_nothing(service: Service) -> None:
    service.app.add_api_route("/boom", boom)

    response = await service.client.get("/boom")

    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "internal_error"
    assert response.json()["correlation_id"] == response.headers[HEADER]
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_a_failure_is_logged_with_its_cause(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json") as service:
        service.app.add_api_route("/boom", boom)
        response = await service.client.get("/boom")

    lines = log.parsed(capsysbinary.readouterr().out)
    failed = log.named(lines, "request.failed")[0]
    assert "RuntimeError" in failed["exception"]
    assert failed["level"] == "error"
    assert failed["correlation_id"] == response.headers[HEADER]
    assert log.named(lines, "request.completed")[0]["status"] == 500


async def test_one_line_says_what_a_request_was(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json") as service:
        tokens = await logged_in(service)
        capsysbinary.readouterr()
        response = await service.client.get("/api/v1/users/me?token=x", headers=tokens.header)

    (line,) = log.parsed(capsysbinary.readouterr().out)
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta(0)
    assert line.pop("duration_ms") > 0
    assert line == {
        "level": "info",
        "logger": "app.request",
        "event": "request.completed",
        "service": service.app.title,
        "environment": "test",
        "correlation_id": response.headers[HEADER],
        "user_id": response.json()["id"],
        "method": "GET",
        "route": "/api/v1/users/me",
        "path": "/api/v1/users/me",
        "status": 200,
        "client_ip": "127.0.0.1",
    }


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v1/users/me/", "/api/v1/users/me"),
        ("/nowhere", None),
        ("/" + "x" * 2000, None),
        ("/late/7", "/late/{number}"),
    ],
)
async def test_the_line_names_the_route_and_the_path_that_was_asked(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes], path: str, route: str | None
) -> None:
    async with start(log_format="json") as service:
        await service.client.get("/health")
        service.app.add_api_route("/late/{number}", boom)
        await service.client.get(path)

    line = log.named(log.parsed(capsysbinary.readouterr().out), "request.completed")[-1]
    assert line["route"] == route
    assert line["path"] == path[:512]


async def test_the_user_of_one_request_is_not_that_of_the_next(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json") as service:
        tokens = await logged_in(service)
        await service.client.get("/api/v1/users/me", headers=tokens.header)
        await service.client.get("/health")

    first, second = log.named(log.parsed(capsysbinary.readouterr().out), "request.completed")
    assert "user_id" in first
    assert "user_id" not in second
