"""`app db` and `app init-db`."""

import asyncio
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy.engine import make_url

from app import cli
from app.core.database import migrations
from tests.support.command_line import App


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path}/empty.db"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def current(url: str) -> set[str]:
    return asyncio.run(migrations.current(make_url(url)))


@pytest.mark.parametrize("words", [["init-db"], ["db", "upgrade"], ["db", "upgrade", "heads"]])
def test_upgrade_brings_every_revision_and_may_be_repeated(
    app: App, empty: str, words: list[str]
) -> None:
    results = [app(*words) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert current(empty) == migrations.heads()


@pytest.mark.usefixtures("empty")
def test_check_fails_until_the_schema_is_there(app: App) -> None:
    before = app("db", "check")
    app("db", "upgrade")
    after = app("db", "check")

    assert [before.exit_code, after.exit_code] == [1, 0]


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
