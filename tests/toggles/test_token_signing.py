"""`token_signing`: SECRET_KEY signs, or keys that rotate and are published."""

import base64
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

ANSWERS: dict[str, Any] = {"preset": "minimal"}
WORD = re.compile(
    r"JWT_ALGORITHM|JWT_KEYS|jwks|signing_keys|key_files|asymmetric|[ER]S256|keys (?:rotate|list)",
    re.IGNORECASE,
)
LINES = {
    ".env.example": {
        "# JWT_ALGORITHM=ES256             (or RS256)",
        "# * JWT_KEYS_DIR=/run/jwt-keys (app keys rotate)",
    },
    "app/cli.py": {
        "from app.features.signing_keys import commands as signing_keys",
        'config.keys_cli.command("rotate")(signing_keys.rotate)',
        'config.keys_cli.command("list")(signing_keys.list_keys)',
    },
    "pyproject.toml": {'    "cryptography~=50.0",'},
    "tests/support/production.py": {
        "from tests.support.key_files import usable_directory",
        '    "jwt_keys_dir": usable_directory(),',
    },
}
REWRITTEN = {
    "app/main.py",
    "app/core/security/signing_key.py",
    "docs/database.md",
    "docs/development.md",
    "docs/how-to/rotate-keys.md",
    "docs/security/decisions.md",
}
SECRET_KEY = "vJ3xT9qLw2RzK7mNb5Yc8HdF4sGp6AeU"  # noqa: S105
PASSWORD = "correct horse battery staple"  # noqa: S105
EMAIL = "admin@example.com"
ADMIN = ("init-admin", "--email", EMAIL, "--username", "admin", "--password-stdin")


def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        ANSWERS | {"token_signing": "secret"},
        ANSWERS | {"token_signing": "keys"},
        gained=LINES,
        rewritten=REWRITTEN,
    )


def test_a_secret_leaves_no_word_of_keys(tmp_path: Path) -> None:
    off = render(tmp_path / "off", **(ANSWERS | {"token_signing": "secret"}))

    assert mentions(off, WORD, allowed_in={"tests/core/security/test_tokens.py"}) == {}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for signing in ("secret", "keys"):
        folder = tmp_path_factory.mktemp(signing) / "service"
        made[signing] = render(folder, token_signing=signing, **ANSWERS)
        prepare(made[signing])
    return made


def test_a_service_that_gets_keys_keeps_its_sessions(
    projects: dict[str, Path], tmp_path: Path
) -> None:
    """A token of SECRET_KEY works where the next ones are signed by a key."""
    variables = {
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/app.db",
        "DATA_DIR": str(tmp_path),
    }
    secret, keys = projects["secret"], projects["keys"]
    run(".venv/bin/app", "init-db", cwd=secret, env=variables)
    run(".venv/bin/app", *ADMIN, cwd=secret, env=variables, stdin=PASSWORD)
    with _client(secret, variables) as client:
        before = _log_in(client)
        unpublished = client.get("/.well-known/jwks.json")
    with _client(keys, variables) as client:
        me = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {before}"})
        after = _log_in(client)
        (published,) = client.get("/.well-known/jwks.json").json()["keys"]

    assert (_header(before)["alg"], _header(after)["alg"]) == ("HS256", "ES256")
    assert unpublished.status_code == 404
    assert me.json()["email"] == EMAIL
    assert published["kid"] == _header(after)["kid"]


def test_production_needs_a_directory_of_keys(projects: dict[str, Path], tmp_path: Path) -> None:
    variables = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": SECRET_KEY,
        "TRUSTED_HOSTS": "service.example",
        "TRUSTED_PROXIES": "none",
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/app.db",
    }
    check = (".venv/bin/app", "config", "check")

    run(*check, cwd=projects["secret"], env=variables)
    with pytest.raises(CommandError, match="JWT_KEYS_DIR: production needs one"):
        run(*check, cwd=projects["keys"], env=variables)
    variables["JWT_KEYS_DIR"] = str(tmp_path / "keys")
    run(".venv/bin/app", "keys", "rotate", cwd=projects["keys"], env=variables)
    run(*check, cwd=projects["keys"], env=variables)


@contextmanager
def _client(project: Path, variables: dict[str, str]) -> Iterator[httpx2.Client]:
    port = free_port()
    settings = shlex.join(f"{name}={value}" for name, value in variables.items())
    command = f"env {settings} .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url, httpx2.Client(base_url=url) as client:
        yield client


def _log_in(client: httpx2.Client) -> str:
    """The access token."""
    body = {"email": EMAIL, "password": PASSWORD}
    token: str = client.post("/api/v1/auth/login", json=body).json()["access_token"]
    return token


def _header(token: str) -> dict[str, str]:
    part = token.partition(".")[0]
    header: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return header
