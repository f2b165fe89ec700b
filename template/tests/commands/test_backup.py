"""`app db backup` and `app db restore`: the drill, from a database in use to an empty one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.commands.test_seed import users
from tests.support.command_line import App
from tests.support.databases import Databases
from tests.support.factories import logged_in
from tests.support.service import SECRET_KEY, running

PEOPLE = 30


@pytest.fixture(autouse=True)
def _programs(database_url: str, programs: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if programs is not None:
        monkeypatch.setenv("PATH", programs, prepend=":")
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)


@pytest.fixture
def empty_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    url = databases.create_empty(tmp_path)
    yield url
    databases.drop(url)


async def used(url: str) -> str:
    """A token of a login there."""
    async with running(database_url=url) as service:
        return (await logged_in(service)).access


async def status_of(url: str, token: str) -> int:
    async with running(database_url=url) as service:
        header = {"Authorization": f"Bearer {token}"}
        return (await service.client.get("/api/v1/users/me", headers=header)).status_code


def test_what_was_backed_up_is_there_again(
    app: App, configured: str, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app("seed", "--users", str(PEOPLE))
    token, file = asyncio.run(used(configured)), tmp_path / "backup"
    made = app("db", "backup", str(file))
    app("seed", "--users", "3", "--seed", "2")
    monkeypatch.setenv("DATABASE_URL", empty_url)
    restored = app("db", "restore", str(file))
    checked = app("db", "check")

    assert (made.exit_code, restored.exit_code) == (0, 0), made.output + restored.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(users(empty_url)) == PEOPLE + 1
    assert len(users(configured)) == PEOPLE + 4
    assert asyncio.run(status_of(empty_url, token)) == 200
    assert checked.exit_code == 0


def test_nothing_is_overwritten(app: App, configured: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    app("db", "backup", str(file))
    before = file.read_bytes()

    again = app("db", "backup", str(file))
    onto_itself = app("db", "restore", str(file))

    assert (again.exit_code, onto_itself.exit_code) == (1, 1)
    assert isinstance(again.exception, FileExistsError)
    assert file.read_bytes() == before


def test_a_damaged_file_is_refused_and_changes_nothing(
    app: App, configured: str, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup"
    app("db", "backup", str(file))
    file.write_bytes(b"damaged" + file.read_bytes()[7:4000])
    monkeypatch.setenv("DATABASE_URL", empty_url)

    refused = app("db", "restore", str(file))

    assert refused.exit_code == 1
    assert app("db", "check").exit_code == 1


def test_a_backup_that_fails_leaves_no_file(
    app: App, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = make_url(empty_url).set(database=str(tmp_path / "nowhere.db"))
    monkeypatch.setenv("DATABASE_URL", nowhere.render_as_string(hide_password=False))

    failed = app("db", "backup", str(tmp_path / "backup"))

    assert failed.exit_code == 1
    assert not (tmp_path / "backup").exists()
