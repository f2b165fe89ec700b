"""Secrets in mounted files that change while the service runs."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import registry
from app.core.health import Health, HealthSettings
from app.core.security import Security, SecuritySettings
from app.core.settings import ConfigurationError, Settings
from app.core.settings.settings import Listener
from app.features.secrets import reload
from app.features.secrets.reload import SecretReload, adopt
from tests.features.secrets.conftest import TOKEN, mounted, until
from tests.support import log
from tests.support.factories import bearer, logged_in
from tests.support.forgery import forgeable, forged
from tests.support.secret_files import SecretFiles
from tests.support.service import SECRET_KEY, Service
from tests.support.time_travel import advance

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

ME = "/api/v1/users/me"
READINESS = "/api/v1/health/readiness"
DETAILS = "/api/v1/health/"
OTHER_KEY = "bR7mQz2XkVw9TnJ4LpYs6HdG3fCe8AuN"
OTHER_TOKEN = "monitoring-token-two"


def signing(service: Service) -> list[bytes]:
    return registry.get(service.app, Security).derived_keys("test")


async def test_another_secret_key_needs_no_restart_and_refuses_no_token(
    database_url: str, files: SecretFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mounted(database_url, files) as service:
        security = registry.get(service.app, Security)
        before = forged(*forgeable((await logged_in(service)).access))
        old, new = SECRET_KEY.encode(), OTHER_KEY.encode()
        files.put(secret_key=OTHER_KEY, secret_key_previous=SECRET_KEY)
        await until(lambda: len(security.secrets()) == 2)
        during = (await logged_in(service)).access
        waiting = security.secrets()
        advance(monkeypatch, timedelta(seconds=61))
        signing = security.secrets()
        monkeypatch.undo()
        answers = [
            await service.client.get(ME, headers=bearer(token)) for token in (before, during)
        ]

    assert (waiting, signing) == ([old, new], [new, old])
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_key_that_leaked_is_out_of_use_at_once(
    database_url: str, files: SecretFiles
) -> None:
    async with mounted(database_url, files) as service:
        before = forged(*forgeable((await logged_in(service)).access))
        keys = signing(service)
        files.put(secret_key=OTHER_KEY)
        await until(lambda: signing(service) != keys)

        refused = await service.client.get(ME, headers=bearer(before))

    assert refused.status_code == 401


async def test_another_monitoring_token_opens_the_details(
    database_url: str, files: SecretFiles
) -> None:
    async with mounted(database_url, files) as service:
        health = registry.get(service.app, Health)
        files.put(monitoring_token=OTHER_TOKEN)
        await until(lambda: health.admits(OTHER_TOKEN))

        assert not health.admits(TOKEN)


async def test_a_source_that_fails_changes_nothing_and_is_said(
    database_url: str, files: SecretFiles, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with mounted(database_url, files) as service:
        tokens = await logged_in(service)
        kept = files.directory.rename(files.directory.with_name("away"))
        await until(lambda: is_stale(service))
        await registry.get(service.app, SecretReload).reload()
        away = await service.client.get(READINESS)
        served = await service.client.get(ME, headers=tokens.header)
        kept.rename(files.directory)
        await until(lambda: not is_stale(service))
    lines = log.parsed(capsysbinary.readouterr().out)

    assert (away.status_code, away.json()["status"]) == (200, "degraded")
    assert served.status_code == 200
    failed = log.named(lines, "secrets.reload_failed")
    assert [line["level"] for line in failed] == ["error"]
    assert "SECRETS_DIR" in failed[0]["problems"][0]
    assert len(log.named(lines, "secrets.reload_works_again")) == 1


def is_stale(service: Service) -> bool:
    return bool(registry.get(service.app, SecretReload)._problems)


async def test_a_source_that_breaks_in_an_unknown_way_changes_nothing(
    database_url: str, files: SecretFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("hidden")

    async with mounted(database_url, files) as service:
        monkeypatch.setattr(registry.get(service.app, Settings), "find", broken)
        await until(lambda: is_stale(service))

        assert registry.get(service.app, SecretReload)._problems == [
            "a source failed with RuntimeError"
        ]


async def test_a_value_that_does_not_parse_changes_nothing(
    database_url: str, files: SecretFiles
) -> None:
    async with mounted(database_url, files) as service:
        keys = signing(service)
        files.put(secret_key=OTHER_KEY, access_token_ttl_seconds="hidden")
        await until(lambda: is_stale(service))

        assert signing(service) == keys
        assert "hidden" not in str(registry.get(service.app, SecretReload)._problems)


def test_production_takes_over_nothing_that_it_would_not_start_with(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text(SECRET_KEY)
    settings = Settings(env_file=None, environment="production", secrets_dir=tmp_path)
    before = settings.group(SecuritySettings)

    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        adopt(settings, {"secret_key": "weak"})

    assert settings.group(SecuritySettings) is before


async def test_a_key_that_is_gone_stays_in_force(database_url: str, files: SecretFiles) -> None:
    async with mounted(database_url, files) as service:
        keys = signing(service)
        files.put(secret_key=None, monitoring_token=OTHER_TOKEN)
        await until(lambda: registry.get(service.app, Health).admits(OTHER_TOKEN))

        assert signing(service) == keys


async def test_what_needs_a_restart_is_said_by_name(
    database_url: str, files: SecretFiles, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with mounted(database_url, files) as service:
        files.put(access_token_ttl_seconds="60", monitoring_token=OTHER_TOKEN)
        await until(lambda: registry.get(service.app, Health).admits(OTHER_TOKEN))
    lines = log.parsed(capsysbinary.readouterr().out)

    (told,) = log.named(lines, "secrets.restart_needed")
    (taken,) = log.named(lines, "secrets.reloaded")
    assert told["settings"] == ["ACCESS_TOKEN_TTL_SECONDS"]
    assert taken["settings"] == ["MONITORING_TOKEN"]


async def test_a_part_that_cannot_follow_stops_no_other(
    database_url: str, files: SecretFiles, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async def stumble(_: object) -> None:
        raise RuntimeError("it cannot")

    async with mounted(database_url, files) as service:
        settings = registry.get(service.app, Settings)
        settings.listeners.insert(
            0, Listener(HealthSettings, frozenset({"monitoring_token"}), stumble)
        )
        files.put(monitoring_token=OTHER_TOKEN)
        await until(lambda: registry.get(service.app, Health).admits(OTHER_TOKEN))
    lines = log.parsed(capsysbinary.readouterr().out)

    assert len(log.named(lines, "secrets.not_taken")) == 1


async def test_old_and_new_values_are_concealed(
    database_url: str, files: SecretFiles, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with mounted(database_url, files) as service:
        files.put(monitoring_token=OTHER_TOKEN)
        await until(lambda: registry.get(service.app, Health).admits(OTHER_TOKEN))
        reload.log.warning("test", said=f"{TOKEN} {OTHER_TOKEN} {SECRET_KEY}")
    (line,) = log.named(log.parsed(capsysbinary.readouterr().out), "test")

    assert line["said"] == "[concealed] [concealed] [concealed]"


async def test_what_is_still_being_written_is_not_taken(
    database_url: str, files: SecretFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mounted(database_url, files, secrets_reload_seconds=20) as service:
        settings = registry.get(service.app, Settings)
        versions = iter([{"monitoring_token": "half"}, {"monitoring_token": OTHER_TOKEN}])
        monkeypatch.setattr(settings, "find", lambda: next(versions))
        await registry.get(service.app, SecretReload).reload()

        assert registry.get(service.app, Health).admits(TOKEN)


async def test_nothing_is_watched_without_a_source_that_changes(service: Service) -> None:
    assert "secrets" not in {check.name for check in registry.get(service.app, Health).checks}


def test_a_directory_that_goes_before_the_start_is_refused(tmp_path: Path) -> None:
    files = SecretFiles(tmp_path / "secrets")
    shutil.rmtree(files.directory)

    with pytest.raises(ConfigurationError, match="SECRETS_DIR"):
        Settings(env_file=None, secrets_dir=files.directory)
