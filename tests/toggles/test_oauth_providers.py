"""`oauth_providers`: the flow is there with any of them, each provider with its own."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.rendering import render
from tests.support.serving import free_port, served
from tests.support.trees import changed, without_answers

CHOICES = ("google", "okta", "entra", "github", "oidc")
OF_ANY = {
    "pyproject.toml",
    "app/main.py",
    "app/cli.py",
    "app/domains/__init__.py",
    ".env.example",
    "docs/accounts.md",
    "docs/database.md",
    "docs/how-to/rotate-keys.md",
    "docs/index.md",
    "docs/rate-limits.md",
    "docs/security/asvs.md",
    "docs/security/decisions.md",
    "tests/test_architecture.py",
    "tooling/commands.py",
}
OF_EACH = {".env.example", "app/features/federation/providers/__init__.py"}
WORD = re.compile(
    "authlib|oauth_providers|features.federation|federated_identit|identities|CLIENT_SECRET"
)
REDIRECT_URI = "https://app.example.org/signed-in"
CLIENT = {"redirect_uri": REDIRECT_URI, "state": "s", "code_challenge": "c" * 43}


def test_the_flow_comes_with_the_first_provider_and_goes_with_the_last(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        {"oauth_providers": []},
        {"oauth_providers": ["oidc"]},
        gained={},
        rewritten=OF_ANY,
    )


@pytest.mark.parametrize("choice", CHOICES)
def test_each_provider_brings_its_own_files_alone(tmp_path: Path, choice: str) -> None:
    others = [other for other in CHOICES if other != choice]
    without = render(tmp_path / "without", oauth_providers=others)
    with_all = render(tmp_path / "with", oauth_providers=list(CHOICES))

    module = f"app/features/federation/providers/{choice}.py"
    added = set(without_answers(with_all)) - set(without_answers(without))
    assert added - {f"tests/features/federation/providers/test_{choice}.py"} == {module}
    assert changed(without, with_all) == added | OF_EACH


def test_without_any_there_is_no_word_of_it(tmp_path: Path) -> None:
    off = render(tmp_path / "off", oauth_providers=[])

    assert mentions(off, WORD) == {}


def test_a_browser_is_sent_to_the_provider_and_without_it_there_is_no_route(
    tmp_path: Path,
) -> None:
    with provider() as issuer:
        status, location, listed = _begun(_prepared(tmp_path / "with", ["oidc"]), issuer)
        assert status == httpx2.codes.TEMPORARY_REDIRECT
        assert location.startswith(f"{issuer}/authorize?")
        assert set(listed) == {"local", "oidc"}
        status, _, listed = _begun(_prepared(tmp_path / "without", []), issuer)
        assert status == httpx2.codes.NOT_FOUND
        assert listed == {}


def _prepared(folder: Path, providers: list[str]) -> Path:
    project = render(folder / "service", oauth_providers=providers, database="sqlite")
    prepare(project)
    return project


def _begun(project: Path, issuer: str) -> tuple[int, str, dict[str, Any]]:
    port = free_port()
    variables = f"OIDC_CLIENT_ID=x OIDC_ISSUER={issuer} OAUTH_REDIRECT_URIS={REDIRECT_URI}"
    command = f"env {variables} .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url:
        begun = httpx2.get(f"{url}/api/v1/auth/login/oidc", params=CLIENT)
        listed = httpx2.get(f"{url}/api/v1/auth/providers").json()
    return begun.status_code, begun.headers.get("location", ""), listed.get("providers", {})


@contextmanager
def provider() -> Iterator[str]:
    """Publishes its metadata, which is all that a login needs to begin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = f"http://127.0.0.1:{server.server_port}"
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            urls = {name: f"{issuer}/{path}" for name, path in (names | {"jwks_uri": "k"}).items()}
            body = json.dumps({"issuer": issuer, **urls}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
