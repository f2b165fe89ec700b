"""`app db` and `app init-db`, and the drill of backup and restore."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy.engine import make_url

from app import cli
from app.core.database import migrations
from tests.support.command_line import App, inside, me, users
from tests.support.databases import Databases, all_heads
from tests.support.factories import logged_in
from tests.support.service import SECRET_KEY, Service

PEOPLE = 30


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path}/empty.db"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


@pytest.fixture
def empty_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """For a restore, on the engine of the tests."""
    url = databases.create_empty(tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def backed_up(
    app: App, configured: str, programs: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A backup of the database while it was in use."""
    if programs is not None:
        monkeypatch.setenv("PATH", programs, prepend=":")
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    app("seed", "--users", str(PEOPLE))
    file = tmp_path / "backup"
    result = app("db", "backup", str(file))
    assert result.exit_code == 0, result.output
    return file


def current(url: str) -> set[str]:
    return asyncio.run(migrations.current(make_url(url)))


@pytest.mark.parametrize("words", [["init-db"], ["db", "upgrade"], ["db", "upgrade", "heads"]])
def test_upgrade_brings_every_revision_and_may_be_repeated(
    app: App, empty: str, words: list[str]
) -> None:
    before = app("db", "check")
    results = [app(*words) for _ in range(2)]
    after = app("db", "check")

    assert [result.exit_code for result in results] == [0, 0]
    assert [before.exit_code, after.exit_code] == [1, 0]
    assert current(empty) == all_heads()


def test_downgrade_takes_a_branch_back(app: App, configured: str) -> None:
    result = app("db", "downgrade", "baseline@base")

    assert result.exit_code == 0
    assert app("db", "current").exit_code == 0
    assert current(configured) == set()


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("words", [["upgrade", "nowhere"], ["downgrade", "nowhere@base"]])
def test_an_unknown_revision_is_a_sentence(app: App, words: list[str]) -> None:
    result = app("db", *words)

    assert result.exit_code == 1
    assert isinstance(result.exception, CommandError)
    assert "nowhere" in str(cli.sentence(result.exception))


def test_what_was_backed_up_is_there_again(
    app: App, configured: str, backed_up: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(service: Service) -> str:
        return (await logged_in(service)).access

    token, file = inside(configured, use), backed_up.with_name("later")
    app("db", "backup", str(file))
    app("seed", "--users", "3", "--seed", "2")
    monkeypatch.setenv("DATABASE_URL", empty_url)
    restored = app("db", "restore", str(file))

    assert restored.exit_code == 0, restored.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(users(empty_url)) == PEOPLE + 1
    assert len(users(configured)) == PEOPLE + 4
    assert me(empty_url, token)[0] == 200
    assert app("db", "check").exit_code == 0


def test_nothing_is_overwritten(app: App, backed_up: Path) -> None:
    before = backed_up.read_bytes()

    again = app("db", "backup", str(backed_up))
    onto_itself = app("db", "restore", str(backed_up))

    assert (again.exit_code, onto_itself.exit_code) == (1, 1)
    assert isinstance(again.exception, FileExistsError)
    assert backed_up.read_bytes() == before


def test_a_damaged_file_is_refused_and_changes_nothing(
    app: App, backed_up: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up.write_bytes(b"damaged" + backed_up.read_bytes()[7:4000])
    monkeypatch.setenv("DATABASE_URL", empty_url)

    refused = app("db", "restore", str(backed_up))

    assert refused.exit_code == 1
    assert app("db", "check").exit_code == 1


def test_a_backup_that_fails_leaves_no_file(
    app: App, backed_up: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = make_url(empty_url).set(database=str(backed_up.with_name("nowhere.db")))
    monkeypatch.setenv("DATABASE_URL", nowhere.render_as_string(hide_password=False))
    file = backed_up.with_name("failed")

    assert app("db", "backup", str(file)).exit_code == 1
    assert not file.exists()
