"""Directories of keys that the service does not start with."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core.settings import ConfigurationError, Settings
from app.main import create_app
from tests.support.key_files import OLD, new_key, put_key
from tests.support.production import PRODUCTION
from tests.support.service import SECRET_KEY

SOME_DATABASE = {"database_url": "sqlite+aiosqlite:///app.db"}
USABLE = PRODUCTION | SOME_DATABASE | {"secret_key": SECRET_KEY}


def refusal(**values: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings(env_file=None, **(USABLE | values)))
    return str(caught.value)


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
    assert "\nJWT_KEYS_DIR: " in refusal(jwt_keys_dir=None)


def test_a_secret_key_signs_no_tokens() -> None:
    assert "JWT_ALGORITHM" in refusal(jwt_algorithm="HS256")


def test_development_does_not_start_with_an_unusable_directory_of_keys(tmp_path: Path) -> None:
    values = {"jwt_algorithm": "ES256", "jwt_keys_dir": tmp_path / "absent"}

    with pytest.raises(ConfigurationError, match="JWT_KEYS_DIR"):
        create_app(Settings(env_file=None, **SOME_DATABASE, secret_key=SECRET_KEY, **values))


def test_a_usable_directory_of_keys_is_accepted(tmp_path: Path) -> None:
    put_key(tmp_path / "keys", OLD, new_key("ES256"))
    values = {"jwt_algorithm": "ES256", "jwt_keys_dir": tmp_path / "keys"}

    assert create_app(Settings(env_file=None, **(USABLE | values)))
