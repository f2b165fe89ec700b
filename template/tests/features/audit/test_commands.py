"""`app audit prune`."""

from datetime import timedelta

import pytest

from tests.support.command_line import App
from tests.support.factories import PASSWORD
from tests.support.time_travel import advance

ADMIN = ("init-admin", "--email", "a@example.com", "--username", "admin", "--password-stdin")


@pytest.fixture
def recorded(app: App, configured: str) -> str:
    """A database with one entry: the first administrator."""
    assert app(*ADMIN, stdin=PASSWORD).exit_code == 0
    return configured


def test_entries_are_removed_after_their_time(
    app: App, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "30")
    advance(monkeypatch, timedelta(days=29))
    early = app("audit", "prune")
    advance(monkeypatch, timedelta(days=2))
    late = app("audit", "prune")

    assert (early.exit_code, late.exit_code) == (0, 0), late.output
    assert "0 entries were removed" in early.stdout
    assert "1 entries were removed" in late.stdout


@pytest.mark.usefixtures("configured")
def test_a_database_without_entries_has_none_to_remove(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "30")

    result = app("audit", "prune")

    assert result.exit_code == 0, result.output
    assert "0 entries were removed" in result.stdout


def test_without_a_retention_nothing_is_removed(app: App, recorded: str) -> None:
    assert app("audit", "prune").exit_code == 1
