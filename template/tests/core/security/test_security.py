"""The secret key: what is too weak, and the one that development makes for itself."""

import stat
from pathlib import Path

import pytest

from app.core.security.security import derive, development_key, key_weakness
from tests.support.factories import logged_in
from tests.support.service import SECRET_KEY, Start

ME = "/api/v1/users/me"


@pytest.mark.parametrize(
    ("key", "weakness"),
    [
        ("short", "at least 32 bytes"),
        ("abc" * 20, "at least 12 distinct characters"),
        ("abcdefghijklmnop" * 4, "one pattern repeated"),
        ("changeme-" + SECRET_KEY, "from an example"),
        ("your-key-" + SECRET_KEY, "from an example"),
        ("mySECRETkey-" + SECRET_KEY, "from an example"),
    ],
)
def test_a_weak_key_is_told_without_the_key(key: str, weakness: str) -> None:
    sentence = key_weakness(key)

    assert sentence is not None
    assert weakness in sentence
    assert key not in sentence


def test_a_random_key_is_not_weak() -> None:
    assert key_weakness(SECRET_KEY) is None


def test_keys_of_two_purposes_differ() -> None:
    assert derive(b"k", "a") != derive(b"k", "b")


def test_the_development_key_is_private_and_stays(tmp_path: Path) -> None:
    directory = tmp_path / "var"

    first = development_key(directory)
    second = development_key(directory)

    path = directory / "secret_key"
    assert first == second == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key_weakness(first) is None


async def test_in_development_a_login_outlives_a_restart(start: Start) -> None:
    async with start(environment="development", secret_key=None) as service:
        tokens = await logged_in(service)

    async with start(environment="development", secret_key=None) as service:
        response = await service.client.get(ME, headers=tokens.header)

    assert response.status_code == 200
