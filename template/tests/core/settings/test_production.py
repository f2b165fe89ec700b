"""What production refuses to start with: each problem named, never a value."""

from typing import Any

import pytest

from app.core.settings import ConfigurationError, Settings
from app.main import create_app
from tests.support.production import PRODUCTION
from tests.support.service import SECRET_KEY, Start

USABLE = PRODUCTION | {"secret_key": SECRET_KEY}
SOME_DATABASE = {"database_url": "sqlite+aiosqlite:///app.db"}


def refusal(**values: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings(env_file=None, **(USABLE | SOME_DATABASE | values)))
    return str(caught.value)


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


async def test_production_has_no_password_grant_and_sends_hsts(start: Start) -> None:
    fields = {"grant_type": "password", "username": "a", "password": "b"}
    async with start(**USABLE) as service:
        response = await service.client.post("/api/v1/auth/token", data=fields)

    assert response.json()["error"] == "unsupported_grant_type"
    assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
