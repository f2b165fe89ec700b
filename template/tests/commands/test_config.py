"""`app config`, `app keys` and `app openapi`."""

import json

import pytest

from app.core.security.security import key_weakness
from app.core.settings import ConfigurationError
from tests.support import isolation
from tests.support.command_line import App
from tests.support.service import SECRET_KEY


@pytest.mark.usefixtures("configured")
def test_check_names_what_production_refuses(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("SECRET_KEY", "hunter2")

    result = app("config", "check")

    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    assert "SECRET_KEY" in str(result.exception)
    assert "hunter2" not in str(result.exception)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(("length", "warnings"), [("14", 1), ("15", 0)])
def test_check_warns_of_what_is_weak(
    app: App, monkeypatch: pytest.MonkeyPatch, length: str, warnings: int
) -> None:
    monkeypatch.setenv("PASSWORD_MIN_LENGTH", length)

    result = app("config", "check")

    assert result.exit_code == 0
    assert "the configuration is usable" in result.output
    assert result.stderr.count("warning: PASSWORD_MIN_LENGTH: ") == warnings


@pytest.mark.usefixtures("configured")
def test_show_prints_every_setting_and_no_secret(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("MONITORING_TOKEN", "monitoring-4711")
    monkeypatch.setenv("LOGIN_FAILURES_PER_ACCOUNT", "7")
    monkeypatch.setenv("PASSWORD_BREACH_CHECK_URL", "user:password@range.example.org")

    result = app("config", "show")

    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert SECRET_KEY not in result.output
    assert "4711" not in result.output
    for hidden in ("SECRET_KEY", "MONITORING_TOKEN", "PASSWORD_BREACH_CHECK_URL"):
        assert shown[hidden] == "**********"
    assert shown["LOGIN_FAILURES_PER_ACCOUNT"] == 7
    assert shown.keys() >= {name.upper() for name in isolation.setting_names("app.")}


def test_the_schema_is_printed_without_a_server(app: App) -> None:
    result = app("openapi")

    assert result.exit_code == 0
    assert "/api/v1/auth/login" in json.loads(result.stdout)["paths"]


def test_a_generated_key_is_new_and_not_weak(app: App) -> None:
    keys = [app("keys", "generate").stdout.strip() for _ in range(2)]

    assert keys[0] != keys[1]
    assert [key_weakness(key) for key in keys] == [None, None]
