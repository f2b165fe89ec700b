"""`app audit verify`, and what `app audit prune` leaves of a chain."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.core.database import Database
from app.core.settings import ConfigurationError, Settings
from tests.support.command_line import App
from tests.support.factories import PASSWORD
from tests.support.service import SECRET_KEY
from tests.support.time_travel import advance

ADMIN = ("init-admin", "--email", "a@example.com", "--username", "admin", "--password-stdin")


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        database = Database(make_url(url), Settings(env_file=None))
        async with database.write() as session:
            await session.execute(text(statement))
        await database.close()

    asyncio.run(run())


def values(url: str, query: str) -> list[Any]:
    async def run() -> list[Any]:
        database = Database(make_url(url), Settings(env_file=None))
        async with database.read() as session:
            found = list(await session.scalars(text(query)))
        await database.close()
        return found

    return asyncio.run(run())


@pytest.fixture
def recorded(app: App, configured: str) -> str:
    """A database with one entry: the first administrator."""
    assert app(*ADMIN, stdin=PASSWORD).exit_code == 0
    return configured


def test_what_a_command_did_is_recorded_and_sealed(app: App, recorded: str) -> None:
    result = app("audit", "verify")

    assert result.exit_code == 0, result.output
    assert "entries 1 to 1 are as they were sealed" in result.stdout


def test_verifying_changes_nothing(app: App, recorded: str) -> None:
    execute(recorded, "UPDATE audit_entries SET seal = NULL, sequence = NULL")
    execute(recorded, "DELETE FROM audit_chain")

    app("audit", "verify")

    assert values(recorded, "SELECT sequence FROM audit_entries") == [None]


def test_verifying_needs_no_setting_of_a_running_service(
    app: App, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    without_key = app("audit", "verify")
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    with_key = app("audit", "verify")

    assert isinstance(without_key.exception, ConfigurationError)
    assert not isinstance(with_key.exception, ConfigurationError)


@pytest.mark.parametrize("command", ["verify", "prune"])
def test_a_changed_entry_is_named_and_the_status_is_1(
    app: App, recorded: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "30")
    advance(monkeypatch, timedelta(days=31))
    execute(recorded, "UPDATE audit_entries SET action = 'nothing'")

    result = app("audit", command)

    assert result.exit_code == 1
    assert "entry number 1 " in str(result.exception)


def test_the_rest_verifies_after_older_entries_are_removed(
    app: App, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "30")
    advance(monkeypatch, timedelta(days=31))

    app("audit", "prune")

    assert "entries 2 to 2 are as they were sealed" in app("audit", "verify").stdout


@pytest.mark.usefixtures("configured")
def test_an_empty_trail_verifies(app: App) -> None:
    assert app("audit", "verify").exit_code == 0
