"""What production refuses to start with: each problem named, never a value."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core.settings import ConfigurationError, Settings
from app.main import create_app
from tests.support.key_files import OLD, new_key, put_key
from tests.support.production import PRODUCTION
from tests.support.service import SECRET_KEY, Start

USABLE = PRODUCTION | {"secret_key": SECRET_KEY}
SOME_DATABASE = {"database_url": "sqlite+aiosqlite:///app.db"}


def refusal(**values: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings(env_file=None, **(USABLE | SOME_DATABASE | values)))
    return str(caught.value)


def test_usable_settings_are_accepted() -> None:
    assert create_app(Settings(env_file=None, **USABLE, **SOME_DATABASE))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"secret_key": None}, "SECRET_KEY"),
        ({"secret_key": "hunter2"}, "SECRET_KEY"),
        ({"secret_key": "hunter2-" * 8}, "SECRET_KEY"),
        ({"secret_key": "hunter2-changeme-" + SECRET_KEY}, "SECRET_KEY"),
        ({"secret_key_previous": "hunter2"}, "SECRET_KEY_PREVIOUS"),
        ({"secret_key": "hunter2" * 5 + "x"}, "SECRET_KEY"),
        ({"trusted_hosts": []}, "TRUSTED_HOSTS"),
        ({"trusted_hosts": ["*"]}, "TRUSTED_HOSTS"),
        ({"cors_allow_origins": ["*"]}, "CORS_ALLOW_ORIGINS"),
        ({"log_level": "DEBUG"}, "LOG_LEVEL"),
        ({"trusted_proxies": None}, "TRUSTED_PROXIES"),
        ({"login_failures_per_account": 0}, "LOGIN_FAILURES_PER_ACCOUNT"),
        ({"login_failures_per_address": 0}, "LOGIN_FAILURES_PER_ADDRESS"),
    ],
)
def test_a_bad_setting_is_named_without_its_value(values: dict[str, Any], name: str) -> None:
    sentence = refusal(**values)

    assert f"\n{name}: " in sentence
    assert "hunter2" not in sentence
    assert SECRET_KEY not in sentence


def test_all_problems_are_told_at_once() -> None:
    sentence = refusal(secret_key=None, trusted_hosts=[], trusted_proxies=None)

    names = [line.partition(":")[0] for line in sentence.splitlines()[1:]]
    assert names == ["SECRET_KEY", "TRUSTED_HOSTS", "TRUSTED_PROXIES"]


def unusable_directory(kind: str, directory: Path) -> Path:
    if kind == "missing":
        return directory
    directory.mkdir()
    if kind == "world-readable":
        put_key(directory, OLD, new_key("RS256"), mode=0o644)
    if kind == "world-writable":
        put_key(directory, OLD, new_key("RS256"))
        directory.chmod(0o777)
    if kind == "another type":
        put_key(directory, OLD, new_key("ES256"))
    if kind == "small":
        put_key(directory, OLD, rsa.generate_private_key(65537, 1024))  # noqa: S505
    if kind == "no key":
        (directory / f"{OLD}.pem").write_text("nothing")
    if kind == "misnamed":
        put_key(directory, "current", new_key("RS256"))
    return directory


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "is not a directory"),
        ("empty", "holds no key"),
        ("world-readable", "is open to every user"),
        ("world-writable", "is open to every user"),
        ("another type", "is not an RSA key"),
        ("small", "has less than 2048 bits"),
        ("no key", "is not a private key"),
        ("misnamed", "is not named by a UTC time"),
    ],
)
def test_an_unusable_directory_of_keys_is_named(tmp_path: Path, kind: str, sentence: str) -> None:
    directory = unusable_directory(kind, tmp_path / "keys")

    refused = refusal(jwt_algorithm="RS256", jwt_keys_dir=directory)

    assert "\nJWT_KEYS_DIR: " in refused
    assert sentence in refused


def test_an_unset_directory_of_keys_is_named() -> None:
    assert "\nJWT_KEYS_DIR: " in refusal(jwt_algorithm="ES256")


def test_development_does_not_start_with_an_unusable_directory_of_keys(tmp_path: Path) -> None:
    values = {"jwt_algorithm": "ES256", "jwt_keys_dir": tmp_path / "absent"}

    with pytest.raises(ConfigurationError, match="JWT_KEYS_DIR"):
        create_app(Settings(env_file=None, **SOME_DATABASE, secret_key=SECRET_KEY, **values))


def test_a_usable_directory_of_keys_is_accepted(tmp_path: Path) -> None:
    put_key(tmp_path / "keys", OLD, new_key("ES256"))
    values = {"jwt_algorithm": "ES256", "jwt_keys_dir": tmp_path / "keys"}

    assert create_app(Settings(env_file=None, **USABLE, **SOME_DATABASE, **values))


async def test_the_password_grant_is_off_in_production(start: Start) -> None:
    fields = {"grant_type": "password", "username": "a", "password": "b"}
    async with start(**USABLE) as service:
        response = await service.client.post("/api/v1/auth/token", data=fields)

    assert response.json()["error"] == "unsupported_grant_type"


async def test_transport_security_is_sent_in_production(start: Start) -> None:
    async with start(**USABLE) as service:
        response = await service.client.get("/health")

    assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
