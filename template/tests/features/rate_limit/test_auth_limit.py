"""What tries a password or a code has a limit of its own, by whatever route."""

from pathlib import Path

import pytest

from app.features.rate_limit.rules import AUTH_PATHS
from tests.support.factories import PASSWORD, logged_in
from tests.support.service import Start

ROOT = Path(__file__).resolve().parents[3]
REAUTHENTICATE = "/api/v1/auth/reauthenticate"
ON = {"rate_limit_enabled": True, "rate_limit_auth": "1/minute"}


@pytest.mark.parametrize("path", sorted(AUTH_PATHS))
async def test_each_counts_for_itself(start: Start, path: str) -> None:
    async with start(**ON) as service:
        first = await service.client.post(path, json={})
        refused = await service.client.post(path, json={})
        others = [await service.client.post(one, json={}) for one in AUTH_PATHS - {path}]

    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 429 not in {first.status_code, *(answer.status_code for answer in others)}


async def test_being_asked_again_is_limited_whoever_is_logged_in(start: Start) -> None:
    async with start(**ON) as service:
        tokens = await logged_in(service)
        answers = [
            await service.client.post(
                REAUTHENTICATE, json={"password": PASSWORD}, headers=tokens.header
            )
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [204, 429]


def test_the_page_lists_every_one() -> None:
    page = (ROOT / "docs" / "rate-limits.md").read_text()

    assert {path for path in AUTH_PATHS if f"`{path}`" not in page} == set()
