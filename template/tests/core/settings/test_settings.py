"""Where settings come from, and what is said about those that are wrong."""

from pathlib import Path

import pytest

from app.core.health import HealthSettings
from app.core.http.guard import GuardSettings
from app.core.security import SecuritySettings
from app.core.settings import ConfigurationError, Environment, Settings
from app.main import create_app

NAMES = (
    "access_token_ttl_seconds",
    "refresh_token_ttl_seconds",
    "refresh_token_idle_seconds",
    "refresh_reuse_grace_seconds",
)


def test_given_values_win_over_the_environment_and_that_over_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in NAMES:
        (secrets / name).write_text("1")
    (tmp_path / ".env").write_text("".join(f"{name.upper()}=2\n" for name in NAMES[:3]))
    for name in NAMES[:2]:
        monkeypatch.setenv(name.upper(), "3")

    group = Settings(secrets_dir=secrets, access_token_ttl_seconds=4).group(SecuritySettings)

    assert [getattr(group, name) for name in NAMES] == [4, 3, 2, 1]


def test_a_mounted_file_may_hold_a_secret_and_end_in_a_newline(tmp_path: Path) -> None:
    (tmp_path / "monitoring_token").write_text("mounted\n")

    group = Settings(env_file=None, secrets_dir=tmp_path).group(HealthSettings)

    assert group.monitoring_token is not None
    assert group.monitoring_token.get_secret_value() == "mounted"


def test_names_are_read_in_any_case_and_an_empty_variable_is_an_unset_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("environment", "test")
    monkeypatch.setenv("SECRET_KEY", "")

    settings = Settings()

    assert settings.runtime.environment is Environment.TEST
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


def test_a_value_that_no_part_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SECRT_KEY: no part reads it"):
        create_app(Settings(env_file=None, data_dir=tmp_path, secrt_key="x"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("ENVIRONMENT", "Production"),
        ("SECRETS_DIR", "/nowhere/at/all"),
        ("DATABASE_URL", "postgresql+psycopg://u:geheim@h/d"),
        ("DATABASE_URL", "mysql://u:geheim@h/d"),
        ("DATABASE_URL", "geheim"),
        ("DATABASE_URL", "://geheim"),
    ],
)
def test_what_is_not_understood_is_named_and_no_secret_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"{name}: ") as caught:
        create_app(Settings())

    assert "geheim" not in str(caught.value)
