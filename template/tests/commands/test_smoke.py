"""`app smoke` against a service in a process of its own."""

import re
import socket
from collections.abc import Iterator

import pytest

from app.models.user import User
from tests.support.command_line import App, inside
from tests.support.factories import PASSWORD, make_user
from tests.support.server import Server, serving
from tests.support.service import Service

EMAIL = "probe@example.com"
STEPS = ["live", "ready", "login", "me", "logout", "metrics"]


@pytest.fixture(scope="module")
def server(shared_database_url: str) -> Iterator[Server]:
    async def prepare(service: Service) -> User:
        return await make_user(service, email=EMAIL, username="probe")

    inside(shared_database_url, prepare)
    with serving(shared_database_url) as server:
        yield server


def smoke(app: App, url: str, password: str = PASSWORD) -> tuple[int, str]:
    words = ("smoke", "--base-url", url, "--email", EMAIL, "--password-stdin")
    result = app(*words, stdin=password + "\n")
    return result.exit_code, result.output


def test_every_step_of_a_healthy_service_passes(app: App, server: Server) -> None:
    status, output = smoke(app, server.url)

    lines = output.splitlines()
    assert status == 0, output
    assert [re.split(r" +", line)[1] for line in lines] == STEPS
    assert all(line.startswith("ok") for line in lines)
    assert PASSWORD not in output


def test_a_wrong_password_ends_it_at_the_login(app: App, server: Server) -> None:
    status, output = smoke(app, server.url, password="not the password")

    assert status == 1
    assert output.splitlines()[-1].startswith("FAIL login")
    assert "401 instead of 200" in output


def test_nobody_there_is_a_sentence_and_an_address_without_a_scheme_wrong_usage(app: App) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        status, output = smoke(app, f"http://{address}")

    assert status == 1
    assert output.startswith("FAIL live")
    assert "no answer" in output
    assert smoke(app, address)[0] == 2
