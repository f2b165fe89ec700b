"""`second_factor` adds codes to a login; without it a service knows passwords only."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import run
from tests.support.rendering import render
from tests.support.serving import free_port, served

WORD = re.compile(r"second.?factor|totp|recovery.?code|\bmfa", re.IGNORECASE)
WORD_OF_SUPPORT = re.compile(r"encryption|reencrypt|state_store", re.IGNORECASE)
# The parts that it needs are there without it too, for the providers.
NEEDED = {"oauth_providers": ["google"], "registration": True, "deployment": []}
LINES = {
    "pyproject.toml": {'    "pyotp~=2.12",'},
    "app/main.py": {"    second_factor,", "    second_factor.install(app, settings)"},
    ".env.example": {"# SECOND_FACTOR_REQUIRED_FOR=nobody"},
    "docs/index.md": {
        "- [Second factor](second-factor.md): how users enrol, log in and replace an authenticator."
    },
}
LINES_WITH_LIMITS = {
    "app/features/rate_limit/rules.py": {
        '        f"{LOGIN}/totp",',
        '        f"{LOGIN}/totp/confirm",',
        '        "/api/v1/auth/totp/replace",',
    },
    "docs/rate-limits.md": {
        "- `/api/v1/auth/login/totp`;",
        "- `/api/v1/auth/login/totp/confirm`;",
        "- `/api/v1/auth/totp/replace`;",
    },
}
PAGES = {"docs/accounts.md", "docs/security/decisions.md"}
SUPPORT = {"app/features/encryption", "app/features/mail", "app/features/state_store"}
ADMIN = ("init-admin", "--email", "a@example.com", "--username", "admin", "--password-stdin")
PASSWORD = "correct horse battery staple"  # noqa: S105


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, second_factor=False)


@pytest.fixture(scope="module")
def with_it(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, second_factor=True)


@pytest.mark.parametrize("limits", [False, True])
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, limits: bool) -> None:
    answers = NEEDED | {"rate_limiting": limits}
    assert_exactly(
        tmp_path,
        answers | {"second_factor": False},
        answers | {"second_factor": True},
        gained=LINES | (LINES_WITH_LIMITS if limits else {}),
        rewritten=PAGES,
    )


@pytest.mark.parametrize("preset", ["minimal", "enterprise"])
def test_off_leaves_no_word_of_it(tmp_path: Path, preset: str) -> None:
    off = render(tmp_path / "off", preset=preset, second_factor=False)

    assert mentions(off, WORD) == {}


@pytest.mark.parametrize(
    ("answers", "is_needed"),
    [({}, False), ({"second_factor": True}, True), ({"oauth_providers": ["google"]}, True)],
)
def test_what_it_is_built_on_comes_where_a_part_needs_it(
    tmp_path: Path, answers: dict[str, Any], is_needed: bool
) -> None:
    project = render(tmp_path / "service", preset="minimal", **answers)

    assert {path for path in SUPPORT if (project / path).exists()} == (
        SUPPORT if is_needed else set()
    )
    words = mentions(project, WORD_OF_SUPPORT, allowed_in={"tests/test_architecture.py"})
    assert bool(words) is is_needed


def test_its_settings_are_unknown_without_it(without: Path, with_it: Path) -> None:
    added = {"SECOND_FACTOR_REQUIRED_FOR", "ENCRYPTION_KEYS", "ENCRYPTION_CIPHER"}
    added |= {name for name in _shown(with_it) if name.startswith(("MAIL_", "FRONTEND_"))}

    assert _shown(with_it) - _shown(without) == added
    assert _shown(without) - _shown(with_it) == set()


def test_a_code_is_a_proof_only_where_it_is(without: Path, with_it: Path) -> None:
    assert _proofs(without) == {"password"}
    assert _proofs(with_it) == {"password", "code"}


def test_a_login_is_refused_until_a_factor_is_set_up_only_where_it_is(
    without: Path, with_it: Path
) -> None:
    environment = {"SECOND_FACTOR_REQUIRED_FOR": "everybody"}

    assert _login(without, {}) == (200, None)
    assert _login(with_it, environment) == (403, "mfa_enrolment_required")


def _prepared(factory: pytest.TempPathFactory, *, second_factor: bool) -> Path:
    directory = factory.mktemp("with" if second_factor else "without")
    project = render(directory / "service", preset="minimal", second_factor=second_factor)
    prepare(project)
    return project


def _shown(project: Path) -> set[str]:
    return set(json.loads(_app(project, "config", "show")))


def _proofs(project: Path) -> set[str]:
    schemas = json.loads(_app(project, "openapi"))["components"]["schemas"]
    return set(schemas["ReauthenticationRequest"]["properties"])


def _login(project: Path, environment: dict[str, str]) -> tuple[int, str | None]:
    _app(project, "db", "upgrade")
    _app(project, *ADMIN, stdin=PASSWORD)
    port = free_port()
    settings = " ".join(f"{name}={value}" for name, value in environment.items())
    command = f"env {settings} .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url:
        credentials = {"username": "admin", "password": PASSWORD}
        answer = httpx2.post(f"{url}/api/v1/auth/login", json=credentials)
    return answer.status_code, answer.json().get("code")


def _app(project: Path, *arguments: str, stdin: str | None = None) -> str:
    return run(project / ".venv" / "bin" / "app", *arguments, cwd=project, stdin=stdin)
