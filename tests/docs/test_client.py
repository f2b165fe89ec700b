"""The recipe for a typed client: it is generated, and it speaks with the service it came from."""

from pathlib import Path

import pytest

from tests.support.environment import prepare
from tests.support.process import run
from tests.support.recipes import command, shell
from tests.support.rendering import ROOT, render
from tests.support.serving import free_port, served

PASSWORD = "correct horse & battery = staple"  # noqa: S105
CALLS = """
import sys

from my_service_client import AuthenticatedClient
from my_service_client import Client
from my_service_client.api.auth import login
from my_service_client.api.users import list_users
from my_service_client.api.users import read_me
from my_service_client.models import LoginRequest
from my_service_client.models import Problem

url, password = sys.argv[1:]
tokens = login.sync(client=Client(url), body=LoginRequest(username="admin", password=password))
with AuthenticatedClient(url, token=tokens.access_token) as client:
    me = read_me.sync(client=client)
    print(me.username, me.is_superuser, list_users.sync(client=client).total)
refused = read_me.sync(client=AuthenticatedClient(url, token="wrong"))
print(isinstance(refused, Problem) and refused.code)
"""
ADMIN = "uv run app setup --email admin@example.com --username admin --password-stdin"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = render(tmp_path_factory.mktemp("client") / "service", preset="minimal")
    prepare(project)
    return project


def test_the_client_of_the_page_calls_the_service(project: Path) -> None:
    shell(command(project / "docs" / "development.md", "openapi-python-client"), cwd=project)
    shell(ADMIN, cwd=project, stdin=PASSWORD)
    port = free_port()

    with served(f"uv run app serve --port {port}", cwd=project, port=port) as url:
        python = ("uv", "run", "--quiet", "--no-project", "--with", "./client", "python", "-c")
        printed = run(*python, CALLS, url, PASSWORD, cwd=project)

    assert printed.splitlines() == ["admin True 1", "invalid_token"]


def test_the_recipe_is_what_the_page_says() -> None:
    page = ROOT / "template" / "docs" / "development.md.jinja"
    recipes = (ROOT / "template" / "justfile").read_text().splitlines()
    lines = command(page, "openapi-python-client").splitlines()

    assert [line for line in lines if f"    {line}" not in recipes] == []
