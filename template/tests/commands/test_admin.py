"""`app init-admin` and `app setup`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.core.http.errors import Conflict
from app.models.user import User
from tests.support.command_line import App
from tests.support.factories import PASSWORD, make_user
from tests.support.service import running

NAMES = ["--email", "Ada@example.com", "--username", "Ada"]
INIT = ["init-admin", *NAMES]


def users(url: str) -> Sequence[User]:
    async def read() -> Sequence[User]:
        async with running(database_url=url) as service, service.database.read() as session:
            return (await session.scalars(select(User))).all()

    return asyncio.run(read())


def login_status(url: str, password: str) -> int:
    async def login() -> int:
        async with running(database_url=url) as service:
            body = {"username": "ada", "password": password}
            return (await service.client.post("/api/v1/auth/login", json=body)).status_code

    return asyncio.run(login())


def test_the_account_is_a_superuser_who_can_log_in(app: App, configured: str) -> None:
    result = app(*INIT, "--password-stdin", stdin=PASSWORD + "\n")

    (user,) = users(configured)
    assert result.exit_code == 0
    assert "is now an administrator" in result.output
    assert PASSWORD not in result.output
    assert (user.email, user.username, user.is_superuser) == ("ada@example.com", "ada", True)
    assert login_status(configured, PASSWORD) == 200


def test_everything_is_asked_for(app: App, configured: str) -> None:
    answers = f"ada@example.com\nada\n{PASSWORD}\n{PASSWORD}\n"

    result = app("init-admin", stdin=answers)

    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert [user.username for user in users(configured)] == ["ada"]


def test_the_password_may_stand_in_a_file(app: App, configured: str, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")

    result = app(*INIT, "--password-file", str(path))

    assert result.exit_code == 0
    assert login_status(configured, PASSWORD) == 200


def test_a_second_time_changes_nothing(app: App, configured: str) -> None:
    app(*INIT, "--password-stdin", stdin=PASSWORD)
    again = app(*INIT, "--password-stdin", stdin="another " + PASSWORD)

    assert again.exit_code == 0
    assert "ada@example.com was already an administrator" in again.output
    assert len(users(configured)) == 1
    assert login_status(configured, PASSWORD) == 200


@pytest.mark.parametrize("facts", [{"email": "ada@example.com"}, {"username": "ada"}])
def test_somebody_elses_account_is_not_promoted(
    app: App, configured: str, facts: dict[str, Any]
) -> None:
    async def exists() -> None:
        async with running(database_url=configured) as service:
            await make_user(service, **facts)

    asyncio.run(exists())

    result = app(*INIT, "--password-stdin", stdin=PASSWORD)

    assert result.exit_code == 1
    assert isinstance(result.exception, Conflict)
    assert [user.is_superuser for user in users(configured)] == [False]


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (INIT, "short\nshort\n"),
        ([*INIT, "--password-stdin"], "only 14 chars!"),
        ([*INIT, "--password-stdin"], ""),
        (
            ["init-admin", "--email", "no address", "--username", "ada", "--password-stdin"],
            PASSWORD,
        ),
        (
            ["init-admin", "--email", "a@example.com", "--username", "a b", "--password-stdin"],
            PASSWORD,
        ),
        ([*INIT, "--password-file", "absent"], None),
        ([*INIT, "--password", PASSWORD], None),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    app: App, configured: str, words: list[str], stdin: str | None
) -> None:
    result = app(*words, stdin=stdin)

    assert result.exit_code == 2
    assert users(configured) == []


def test_setup_makes_the_database_and_the_account(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("DATABASE_URL", url)

    results = [app("setup", *NAMES, "--password-stdin", stdin=PASSWORD) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert len(users(url)) == 1
