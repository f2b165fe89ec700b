"""Whose X-Forwarded-For is believed."""

import pytest

from app.core.http.guard import GuardSettings
from app.core.settings import ConfigurationError, Settings
from tests.support import log
from tests.support.service import Start

FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        (None, "127.0.0.1"),
        (["none"], "127.0.0.1"),
        (["10.0.0.0/8"], "127.0.0.1"),
        (["127.0.0.1"], "203.0.113.7"),
        (["127.0.0.0/8"], "203.0.113.7"),
    ],
)
async def test_the_header_is_believed_from_named_proxies_only(
    start: Start,
    capsysbinary: pytest.CaptureFixture[bytes],
    trusted: list[str] | None,
    seen: str,
) -> None:
    async with start(trusted_proxies=trusted, log_format="json") as service:
        await service.client.get("/health", headers=FORWARDED)

    lines = log.parsed(capsysbinary.readouterr().out)
    assert log.named(lines, "request.completed")[0]["client_ip"] == seen


@pytest.mark.parametrize("listed", ["*", "banana", "10.0.0.0/99", "10.1.2.3/8", "10.0.0.1,none"])
def test_what_names_no_proxy_is_refused(listed: str) -> None:
    with pytest.raises(ConfigurationError, match=r"TRUSTED_PROXIES: .*neither an address"):
        Settings(env_file=None, environment="test", trusted_proxies=listed).group(GuardSettings)


async def test_a_made_up_address_does_not_escape_the_lock_of_the_real_one(start: Start) -> None:
    async with start(login_failures_per_address=2) as service:
        statuses = [
            (
                await service.client.post(
                    "/api/v1/auth/login",
                    json={"username": f"nobody{number}", "password": "wrong"},
                    headers={"X-Forwarded-For": f"203.0.113.{number}"},
                )
            ).status_code
            for number in range(3)
        ]

    assert statuses == [401, 401, 429]
