"""`app users` and `app roles`."""

import asyncio
from pathlib import Path

import pytest

from app.core.http.errors import AppError, NotFound, Unprocessable
from tests.support.command_line import App
from tests.support.factories import PASSWORD, make_user, signed_in
from tests.support.service import running

NEW = "plum otter violin seventy"
SET = ["users", "set-password"]


@pytest.fixture
def ada(configured: str) -> str:
    """The access token of a session of the account ada."""

    async def make() -> str:
        async with running(database_url=configured) as service:
            user = await make_user(service, email="ada@example.com", username="ada")
            return (await signed_in(service, user)).access

    return asyncio.run(make())


def me(url: str, token: str) -> tuple[int, list[str]]:
    """Status and roles."""

    async def ask() -> tuple[int, list[str]]:
        async with running(database_url=url) as service:
            header = {"Authorization": f"Bearer {token}"}
            answer = await service.client.get("/api/v1/users/me", headers=header)
            return answer.status_code, answer.json().get("roles", [])

    return asyncio.run(ask())


def login_status(url: str, password: str) -> int:
    async def ask() -> int:
        async with running(database_url=url) as service:
            body = {"username": "ada", "password": password}
            return (await service.client.post("/api/v1/auth/login", json=body)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize("account", ["ada", "Ada@example.com"])
def test_a_password_is_set_and_every_session_ends(
    app: App, configured: str, ada: str, account: str
) -> None:
    result = app(*SET, account, "--password-stdin", stdin=NEW + "\n")

    assert result.exit_code == 0, result.output
    assert NEW not in result.output
    assert me(configured, ada)[0] == 401
    assert (login_status(configured, PASSWORD), login_status(configured, NEW)) == (401, 200)


@pytest.mark.usefixtures("ada")
def test_a_password_is_asked_for_or_stands_in_a_file(
    app: App, configured: str, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    path.write_text(f"another {NEW}\n")

    prompted = app(*SET, "ada", stdin=f"{NEW}\n{NEW}\n")
    with_prompted = login_status(configured, NEW)
    read = app(*SET, "ada", "--password-file", str(path))

    assert (prompted.exit_code, read.exit_code) == (0, 0)
    assert with_prompted == login_status(configured, f"another {NEW}") == 200


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([*SET, "nobody", "--password-stdin"], NotFound),
        ([*SET, "ada", "--password-stdin"], Unprocessable),
        (["roles", "grant", "nobody", "admin"], NotFound),
        (["roles", "grant", "ada", "nothing"], NotFound),
        (["roles", "revoke", "ada", "nothing"], NotFound),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    app: App, configured: str, ada: str, words: list[str], error: type[AppError]
) -> None:
    result = app(*words, stdin="only 14 chars!\n")

    assert result.exit_code == 1
    assert isinstance(result.exception, error)
    assert me(configured, ada)[0] == 200


def test_a_password_is_no_word_of_the_command(app: App, configured: str, ada: str) -> None:
    assert app(*SET, "ada", NEW).exit_code == 2
    assert me(configured, ada)[0] == 200


def test_roles_are_granted_and_revoked_and_a_repeat_changes_nothing(
    app: App, configured: str, ada: str
) -> None:
    granted = [app("roles", "grant", "ada", "admin") for _ in range(2)]
    with_role = me(configured, ada)
    revoked = [app("roles", "revoke", "ada@example.com", "admin") for _ in range(2)]

    assert {result.exit_code for result in granted + revoked} == {0}
    assert with_role == (200, ["admin"])
    assert me(configured, ada) == (200, [])


@pytest.mark.usefixtures("configured")
def test_roles_are_listed_with_their_permissions(app: App) -> None:
    result = app("roles", "list")

    assert result.exit_code == 0
    assert "admin: *" in result.output.splitlines()
    assert "member: -" in result.output.splitlines()
