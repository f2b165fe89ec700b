"""Where settings come from, and what is said about those that are wrong."""

from pathlib import Path

import pytest

from app.core.health import HealthSettings
from app.core.http.guard import GuardSettings
from app.core.security import SecuritySettings
from app.core.settings import ConfigurationError, Environment, Settings
from app.main import create_app


def test_given_values_win_over_the_environment_and_that_over_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("access", "refresh", "idle", "grace"):
        (secrets / VARIABLES[name].lower()).write_text("1")
    (tmp_path / ".env").write_text(
        "".join(f"{VARIABLES[n]}=2\n" for n in VARIABLES if n != "grace")
    )
    for name in ("access", "refresh"):
        monkeypatch.setenv(VARIABLES[name], "3")

    settings = Settings(secrets_dir=secrets, access_token_ttl_seconds=4)

    group = settings.group(SecuritySettings)
    assert [getattr(group, variable.lower()) for variable in VARIABLES.values()] == [4, 3, 2, 1]


VARIABLES = {
    "access": "ACCESS_TOKEN_TTL_SECONDS",
    "refresh": "REFRESH_TOKEN_TTL_SECONDS",
    "idle": "REFRESH_TOKEN_IDLE_SECONDS",
    "grace": "REFRESH_REUSE_GRACE_SECONDS",
}


def test_a_mounted_file_may_hold_a_secret_and_end_in_a_newline(tmp_path: Path) -> None:
    (tmp_path / "monitoring_token").write_text("mounted\n")

    group = Settings(env_file=None, secrets_dir=tmp_path).group(HealthSettings)

    assert group.monitoring_token is not None
    assert group.monitoring_token.get_secret_value() == "mounted"


def test_a_missing_secrets_directory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_DIR", "/nowhere/at/all")

    with pytest.raises(ConfigurationError, match="SECRETS_DIR: /nowhere/at/all"):
        Settings()


def test_names_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("environment", "test")

    assert Settings().runtime.environment is Environment.TEST


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "")
    monkeypatch.setenv("SECRET_KEY", "")

    settings = Settings()

    assert settings.runtime.environment is Environment.DEVELOPMENT
    assert settings.group(SecuritySettings).secret_key is None


def test_a_list_is_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_HOSTS", " a.example , ,b.example")

    assert Settings().group(GuardSettings).trusted_hosts == ["a.example", "b.example"]


def test_every_malformed_setting_of_a_part_is_named_and_no_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACCESS_TOKEN_TTL_SECONDS", "forever-4711")
    monkeypatch.setenv("REFRESH_REUSE_GRACE_SECONDS", "4711")

    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings())

    sentence = str(caught.value)
    assert "ACCESS_TOKEN_TTL_SECONDS" in sentence
    assert "REFRESH_REUSE_GRACE_SECONDS" in sentence
    assert "4711" not in sentence


@pytest.mark.parametrize("environment", ["staging", "prod", "Production"])
def test_an_unknown_environment_is_no_development(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)

    with pytest.raises(ConfigurationError, match="ENVIRONMENT"):
        Settings()


def test_a_value_that_no_part_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SECRT_KEY: no part reads it"):
        create_app(Settings(env_file=None, data_dir=tmp_path, secrt_key="x"))


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:geheim@h/d", "mysql://u:geheim@h/d", "geheim", "://geheim"]
)
def test_a_database_url_that_is_not_understood_is_not_repeated(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings())

    assert "DATABASE_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)
