"""`app secrets`: a set that is written once, and what is said about those in use."""

from pathlib import Path

import pytest

from app.core.settings import ConfigurationError
from app.features.secrets.commands import DEVELOPMENT_SET
from tests.support.command_line import App
from tests.support.service import SECRET_KEY

WRITTEN = sorted(DEVELOPMENT_SET)


def test_init_writes_files_that_only_their_owner_reads(app: App, tmp_path: Path) -> None:
    result = app("secrets", "init", "--directory", str(tmp_path / "set"))

    files = sorted((tmp_path / "set").iterdir())
    assert result.exit_code == 0
    assert [path.name for path in files] == WRITTEN
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "set").stat().st_mode & 0o777 == 0o700
    assert {"monitoring_token", "secret_key"} <= {path.name for path in files}
    assert len({path.read_text() for path in files}) == len(files)
    assert not any(path.read_text() in result.output for path in files)


def test_init_overwrites_nothing(app: App, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("mine")

    result = app("secrets", "init", "--directory", str(tmp_path))

    assert (tmp_path / "secret_key").read_text() == "mine"
    assert f"kept   {tmp_path / 'secret_key'}" in result.output


def test_init_goes_below_the_data_directory_and_says_how_it_is_used(
    app: App, tmp_path: Path
) -> None:
    result = app("secrets", "init")

    assert sorted(path.name for path in (tmp_path / "var" / "secrets").iterdir()) == WRITTEN
    assert "set SECRETS_DIR=var/secrets" in result.output


def test_init_goes_where_secrets_are_read_from(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))

    result = app("secrets", "init")

    assert (tmp_path / "secret_key").is_file()
    assert "SECRETS_DIR" not in result.output


def test_init_is_nothing_for_production(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    assert isinstance(app("secrets", "init").exception, ConfigurationError)


@pytest.mark.usefixtures("configured")
def test_check_accepts_what_init_wrote(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app("secrets", "init")
    monkeypatch.setenv("SECRETS_DIR", "var/secrets")

    result = app("secrets", "check")

    assert result.exit_code == 0
    assert {f"ok  {name.upper()}" for name in WRITTEN} <= set(result.output.splitlines())


@pytest.mark.usefixtures("configured")
def test_check_names_what_is_missing_or_weak_and_shows_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITORING_TOKEN", "hunter2")
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", "change-me-change-me-change-me-change-me")
    monkeypatch.setenv("PASSWORD_BREACH_CHECK_URL", "https://us:breach-password@localhost")

    result = app("secrets", "check")

    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    names = [problem.partition(":")[0] for problem in result.exception.problems]
    assert names == [
        "MONITORING_TOKEN",
        "PASSWORD_BREACH_CHECK_URL",
        "SECRET_KEY",
        "SECRET_KEY_PREVIOUS",
    ]
    assert "hunter2" not in str(result.exception)
    assert "breach-password" not in str(result.exception)


@pytest.mark.usefixtures("configured")
def test_check_names_what_production_refuses(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    result = app("secrets", "check")

    assert result.exit_code == 1
    assert "SECRET_KEY: production needs one" in str(result.exception)
    assert "TRUSTED_HOSTS" in str(result.exception)


@pytest.mark.usefixtures("configured")
def test_check_names_a_file_that_everybody_may_write(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secrets" / "secret_key"
    path.parent.mkdir()
    path.write_text(SECRET_KEY)
    path.chmod(0o666)
    monkeypatch.setenv("SECRETS_DIR", str(path.parent))

    assert "may write secret_key" in str(app("secrets", "check").exception)
