"""`registration`: people sign up, or administrators make their accounts.

Mail is no question: it comes with the first part that needs it, and leaves with the last.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

# Mail is there without it too, for the provider.
NEEDED: dict[str, Any] = {"oauth_providers": ["google"], "deployment": ["docker", "kubernetes"]}
WORD = re.compile(
    r"features[./]registration|REGISTRATION_ENABLED|PASSWORD_RESET_|VERIFIED_EMAIL|one_time_token"
    r"|auth/register|verify-email|password/(?:forgot|reset)|email/change|[Ss]ign-up"
)
MAIL = re.compile(
    r"MAIL_(?:URL|FROM)|mail_(?:url|from)|features[./]mail|aiosmtp|FRONTEND_URL"
    r"|[Mm]ailbox|[Oo]utbox|(?i:smtp)|(?<![\w-])[Mm]ails?\b"
)
LINES = {
    ".env.example": {
        "# REGISTRATION_ENABLED=true       (false in production)",
        "# PASSWORD_RESET_ENABLED=true",
        "# LOGIN_REQUIRES_VERIFIED_EMAIL=false     (true in production)",
    },
    "app/main.py": {"    registration,", "    registration.install(app, settings)"},
    "app/schemas/user.py": {"    password: Password | None = None"},
}
LOST = {
    "app/schemas/user.py": {
        "    password: Password | None",
        '    """Null for an account that is entered through a provider only."""',
    }
}
LINES_WITH_LIMITS = {
    "app/features/rate_limit/rules.py": {
        '        "/api/v1/auth/register",',
        '        "/api/v1/auth/verify-email",',
        '        "/api/v1/auth/password/forgot",',
        '        "/api/v1/auth/password/reset",',
    },
    "docs/rate-limits.md": {
        "- `/api/v1/auth/register`;",
        "- `/api/v1/auth/verify-email`;",
        "- `/api/v1/auth/password/forgot`;",
        "- `/api/v1/auth/password/reset`;",
    },
}
PAGES = {"docs/accounts.md", "docs/security/decisions.md"}
SETTINGS = {"REGISTRATION_ENABLED", "PASSWORD_RESET_ENABLED", "LOGIN_REQUIRES_VERIFIED_EMAIL"}
MAIL_SETTINGS = {"MAIL_URL", "MAIL_FROM", "FRONTEND_URL"}
MAIL_FILES = {"app/features/mail", "tests/features/mail", "tests/support/mail.py"}
PASSWORD = "correct horse battery staple"  # noqa: S105
OTHER_PASSWORD = "plum otter violin seventy"  # noqa: S105
ADMIN = ("init-admin", "--email", "a@example.com", "--username", "admin", "--password-stdin")
ADA = {"email": "ada@example.com", "username": "ada"}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "0123456789-abcdefghij-ABCDEFGHIJ-klmnopqrst",
    "TRUSTED_HOSTS": "service.example",
    "TRUSTED_PROXIES": "none",
}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, registration=False)


@pytest.fixture(scope="module")
def with_it(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, registration=True)


@pytest.mark.parametrize("limits", [False, True])
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, limits: bool) -> None:
    answers = NEEDED | {"rate_limiting": limits}
    assert_exactly(
        tmp_path,
        answers | {"registration": False},
        answers | {"registration": True},
        gained=LINES | (LINES_WITH_LIMITS if limits else {}),
        lost=LOST,
        rewritten=PAGES,
    )


@pytest.mark.parametrize("preset", ["minimal", "enterprise"])
def test_off_leaves_no_word_of_it(tmp_path: Path, preset: str) -> None:
    off = render(tmp_path / "off", preset=preset, registration=False)

    assert mentions(off, WORD) == {}


@pytest.mark.parametrize(
    ("answers", "is_needed"),
    [
        ({}, False),
        ({"registration": True}, True),
        ({"second_factor": True}, True),
        ({"oauth_providers": ["google"]}, True),
    ],
)
def test_mail_comes_where_a_part_needs_it(
    tmp_path: Path, answers: dict[str, Any], is_needed: bool
) -> None:
    project = render(tmp_path / "service", preset="minimal", **answers)

    found = {path for path in MAIL_FILES if (project / path).exists()}
    assert found == (MAIL_FILES if is_needed else set())
    assert bool(mentions(project, MAIL)) is is_needed


def test_a_service_with_every_other_part_may_know_nothing_of_mail(tmp_path: Path) -> None:
    answers: dict[str, Any] = {
        "registration": False,
        "second_factor": False,
        "oauth_providers": [],
    }
    project = render(tmp_path / "service", preset="enterprise", **answers)

    assert mentions(project, MAIL) == {}


def test_its_settings_and_those_of_mail_are_unknown_without_it(
    without: Path, with_it: Path
) -> None:
    assert _settings(with_it) - _settings(without) == SETTINGS | MAIL_SETTINGS
    assert _settings(without) - _settings(with_it) == set()


def test_production_needs_a_mail_server_where_tokens_are_mailed(
    without: Path, with_it: Path
) -> None:
    check = (".venv/bin/app", "config", "check")

    run(*check, cwd=without, env=PRODUCTION)
    with pytest.raises(CommandError, match="MAIL_URL: console:// would print tokens"):
        run(*check, cwd=with_it, env=PRODUCTION)


def test_its_routes_and_its_table_are_unknown_without_it(without: Path, with_it: Path) -> None:
    routes = {f"/api/v1/auth/{path}" for path in ("register", "verify-email", "email/change")}
    routes |= {"/api/v1/auth/password/forgot", "/api/v1/auth/password/reset"}

    assert _paths(with_it) - _paths(without) == routes
    assert (with_it / "migrations/features/registration").exists()
    assert not (without / "migrations/features/registration").exists()


def test_without_it_an_administrator_gives_accounts_their_passwords(without: Path) -> None:
    run(".venv/bin/app", "init-db", cwd=without)
    run(".venv/bin/app", *ADMIN, cwd=without, stdin=PASSWORD)
    port = free_port()
    with (
        served(f".venv/bin/app serve --port {port}", cwd=without, port=port) as url,
        httpx2.Client(base_url=url) as client,
    ):
        token = _login(client, "admin", PASSWORD).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        refused = client.post("/api/v1/users", json=ADA)
        created = client.post("/api/v1/users", json=ADA | {"password": PASSWORD})
        first = _login(client, "ada", PASSWORD)
        changed = client.patch(created.headers["Location"], json={"password": OTHER_PASSWORD})
        after = [_login(client, "ada", one) for one in (PASSWORD, OTHER_PASSWORD)]
        left = client.post(
            "/api/v1/auth/logout",
            headers={"Authorization": f"Bearer {after[1].json()['access_token']}"},
        )
        run(
            *(".venv/bin/app", "users", "set-password", "ada", "--password-stdin"),
            cwd=without,
            stdin=PASSWORD,
        )
        last = _login(client, "ada", PASSWORD)

    assert refused.status_code == 422
    assert created.json()["email_verified"] is True
    assert (first.status_code, changed.status_code, left.status_code) == (200, 200, 204)
    assert [answer.status_code for answer in after] == [401, 200]
    assert last.status_code == 200


def _login(client: httpx2.Client, username: str, password: str) -> httpx2.Response:
    body = {"username": username, "password": password}
    return client.post("/api/v1/auth/login", json=body)


def _paths(project: Path) -> set[str]:
    return set(json.loads(run(".venv/bin/app", "openapi", cwd=project))["paths"])


def _settings(project: Path) -> set[str]:
    return set(json.loads(run(".venv/bin/app", "config", "show", cwd=project)))


def _prepared(factory: pytest.TempPathFactory, *, registration: bool) -> Path:
    folder = factory.mktemp("with" if registration else "without") / "service"
    project = render(folder, preset="minimal", registration=registration)
    prepare(project)
    return project
