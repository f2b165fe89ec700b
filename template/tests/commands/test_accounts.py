"""`app init-admin`, `app setup`, `app users` and `app roles`."""

from pathlib import Path
from typing import Any

import pytest

from app.core.http.errors import Conflict, NotFound, Unprocessable
from app.models.user import User
from tests.support.command_line import App, inside, me, users
from tests.support.factories import PASSWORD, make_user, signed_in
from tests.support.service import Service

NEW = "plum otter violin seventy"
NAMES = ["--email", "Ada@example.com", "--username", "Ada"]
INIT = ["init-admin", *NAMES]
SET = ["users", "set-password"]


@pytest.fixture
def ada(configured: str) -> str:
    """The access token of a session of the account ada."""

    async def make(service: Service) -> str:
        user = await make_user(service, email="ada@example.com", username="ada")
        return (await signed_in(service, user)).access

    return inside(configured, make)


def login_status(url: str, password: str) -> int:
    async def ask(service: Service) -> int:
        body = {"username": "ada", "password": password}
        return (await service.client.post("/api/v1/auth/login", json=body)).status_code

    return inside(url, ask)


def test_the_account_is_a_superuser_who_can_log_in(app: App, configured: str) -> None:
    result = app(*INIT, "--password-stdin", stdin=PASSWORD + "\n")
    again = app(*INIT, "--password-stdin", stdin="another " + PASSWORD)

    (user,) = users(configured)
    assert (result.exit_code, again.exit_code) == (0, 0)
    assert "is now an administrator" in result.output
    assert "ada@example.com was already an administrator" in again.output
    assert PASSWORD not in result.output
    assert (user.email, user.username, user.is_superuser) == ("ada@example.com", "ada", True)
    assert login_status(configured, PASSWORD) == 200


@pytest.mark.parametrize("words", [["init-admin"], [*SET, "ada"]])
def test_a_password_is_asked_for_or_stands_in_a_file(
    app: App, configured: str, tmp_path: Path, words: list[str]
) -> None:
    path = tmp_path / "password"
    path.write_text(f"another {NEW}\n")
    if words == ["init-admin"]:
        made = app(*words, stdin=f"ada@example.com\nada\n{NEW}\n{NEW}\n")
    else:
        app(*INIT, "--password-file", str(path))
        made = app(*words, stdin=f"{NEW}\n{NEW}\n")
    with_prompted = login_status(configured, NEW)
    read = app(*SET, "ada", "--password-file", str(path))

    assert (made.exit_code, read.exit_code) == (0, 0)
    assert NEW not in made.output
    assert with_prompted == login_status(configured, f"another {NEW}") == 200


@pytest.mark.parametrize("facts", [{"email": "ada@example.com"}, {"username": "ada"}])
def test_somebody_elses_account_is_not_promoted(
    app: App, configured: str, facts: dict[str, Any]
) -> None:
    async def make(service: Service) -> User:
        return await make_user(service, **facts)

    inside(configured, make)

    result = app(*INIT, "--password-stdin", stdin=PASSWORD)

    assert result.exit_code == 1
    assert isinstance(result.exception, Conflict)
    assert [user.is_superuser for user in users(configured)] == [False]


@pytest.mark.parametrize(
    ("words", "stdin", "status"),
    [
        (INIT, "short\nshort\n", 1),
        ([*INIT, "--password-stdin"], "only 14 chars!", 1),
        ([*INIT, "--password-stdin"], "", 1),
        (["init-admin", "--email", "no address", "--username", "ada"], PASSWORD, 2),
        (["init-admin", "--email", "a@example.com", "--username", "a b"], PASSWORD, 2),
        ([*INIT, "--password-file", "absent"], None, 2),
        ([*INIT, "--password", PASSWORD], None, 2),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    app: App, configured: str, words: list[str], stdin: str | None, status: int
) -> None:
    assert app(*words, stdin=stdin).exit_code == status
    assert users(configured) == []


def test_setup_makes_the_database_and_the_account(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("DATABASE_URL", url)

    results = [app("setup", *NAMES, "--password-stdin", stdin=PASSWORD) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert len(users(url)) == 1


@pytest.mark.parametrize("account", ["ada", "Ada@example.com"])
def test_a_password_is_set_and_every_session_ends(
    app: App, configured: str, ada: str, account: str
) -> None:
    result = app(*SET, account, "--password-stdin", stdin=NEW + "\n")

    assert result.exit_code == 0, result.output
    assert NEW not in result.output
    assert me(configured, ada)[0] == 401
    assert (login_status(configured, PASSWORD), login_status(configured, NEW)) == (401, 200)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([*SET, "nobody", "--password-stdin"], NotFound),
        ([*SET, "ada", "--password-stdin"], Unprocessable),
        ([*SET, "ada", NEW], SystemExit),
        (["roles", "grant", "nobody", "admin"], NotFound),
        (["roles", "grant", "ada", "nothing"], NotFound),
        (["roles", "revoke", "ada", "nothing"], NotFound),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    app: App, configured: str, ada: str, words: list[str], error: type[BaseException]
) -> None:
    result = app(*words, stdin="only 14 chars!\n")

    assert isinstance(result.exception, error)
    assert me(configured, ada) == (200, [])


def test_roles_are_granted_and_revoked_and_a_repeat_changes_nothing(
    app: App, configured: str, ada: str
) -> None:
    listed = app("roles", "list")
    granted = [app("roles", "grant", "ada", "admin") for _ in range(2)]
    with_role = me(configured, ada)
    revoked = [app("roles", "revoke", "ada@example.com", "admin") for _ in range(2)]

    assert {"admin: *", "member: -"} <= set(listed.output.splitlines())
    assert {result.exit_code for result in granted + revoked} == {0}
    assert with_role == (200, ["admin"])
    assert me(configured, ada) == (200, [])
