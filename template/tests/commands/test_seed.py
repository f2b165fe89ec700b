"""`app seed`."""

import re
import time

import pytest

from app.core.settings import ConfigurationError
from tests.support.command_line import App, users
from tests.support.factories import PASSWORD


def test_the_same_seed_gives_the_same_accounts_and_a_repeat_adds_none(
    app: App, configured: str
) -> None:
    first = app("seed", "--users", "1200")
    before = [(user.id, user.username, user.is_active) for user in users(configured)]
    again = app("seed", "--users", "1200")

    assert first.exit_code == again.exit_code == 0, again.output
    assert "1200 accounts are there" in again.output
    assert [(user.id, user.username, user.is_active) for user in users(configured)] == before
    assert len(before) == 1200


def test_the_accounts_are_of_every_kind_and_have_the_password_or_none(
    app: App, configured: str
) -> None:
    app("seed", "--users", "500")
    without = users(configured)
    app("seed", "--users", "5", "--seed", "2", "--password-stdin", stdin=PASSWORD + "\n")
    with_password = [user for user in users(configured) if user.password_hash]

    assert {user.is_active for user in without} == {True, False}
    assert {user.email_verified for user in without} == {True}
    assert not any(user.is_superuser or user.password_hash for user in without)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+\.\d+@example\.com", user.email) for user in without)
    assert len(with_password) == 5
    (hashed,) = {user.password_hash for user in with_password}
    assert str(hashed).startswith("$argon2id$")


def test_production_is_seeded_only_on_purpose(
    app: App, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    refused = app("seed", "--users", "2")
    allowed = app("seed", "--users", "2", "--allow-production")

    assert isinstance(refused.exception, ConfigurationError)
    assert "--allow-production" in str(refused.exception)
    assert allowed.exit_code == 0


@pytest.mark.slow
def test_a_hundred_thousand_accounts_take_less_than_a_minute(app: App, configured: str) -> None:
    started = time.monotonic()

    result = app("seed", "--users", "100000", "--password-stdin", stdin=PASSWORD + "\n")

    assert result.exit_code == 0
    assert time.monotonic() - started <= 60
    assert len(users(configured)) == 100_000
