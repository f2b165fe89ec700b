"""`app smoke` against a service in a process of its own."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.support.command_line import App
from tests.support.factories import PASSWORD, make_user
from tests.support.server import Server, serving
from tests.support.service import running

EMAIL = "probe@example.com"
STEPS = ["live", "ready", "login", "me", "logout", "metrics"]


@pytest.fixture(scope="module")
def server(shared_database_url: str) -> Iterator[Server]:
    async def prepare() -> None:
        async with running(database_url=shared_database_url) as service:
            await make_user(service, email=EMAIL, username="probe")

    asyncio.run(prepare())
    with serving(shared_database_url) as server:
        yield server


def smoke(app: App, url: str, *options: str, password: str = PASSWORD) -> tuple[int, str]:
    words = ("smoke", "--base-url", url, "--email", EMAIL, "--password-stdin", *options)
    result = app(*words, stdin=password + "\n")
    return result.exit_code, result.output


def test_every_step_of_a_healthy_service_passes(app: App, server: Server) -> None:
    status, output = smoke(app, server.url)

    lines = output.splitlines()
    assert status == 0, output
    assert [re.split(r" +", line)[1] for line in lines] == STEPS
    assert all(line.startswith("ok") for line in lines)
    assert PASSWORD not in output


def test_the_report_is_json_on_request(app: App, server: Server) -> None:
    status, output = smoke(app, server.url + "/", "--json")

    report = json.loads(output)
    assert status == 0
    assert report["passed"] is True
    assert [step["name"] for step in report["steps"]] == STEPS


def test_a_wrong_password_ends_it_at_the_login(app: App, server: Server) -> None:
    status, output = smoke(app, server.url, password="not the password")

    assert status == 1
    assert output.splitlines()[-1].startswith("FAIL login")
    assert "401 instead of 200" in output


def test_nobody_there_is_a_sentence(app: App) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        status, output = smoke(app, f"http://127.0.0.1:{reserved.getsockname()[1]}")

    assert status == 1
    assert output.startswith("FAIL live")
    assert "no answer" in output


def test_an_address_without_a_scheme_is_wrong_usage(app: App) -> None:
    status, output = smoke(app, "127.0.0.1:8000")

    assert status == 2
    assert "http://" in output
