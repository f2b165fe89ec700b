"""What tries a password or a code has a limit of its own, by whatever route."""

import pytest

from app.features.rate_limit.rules import AUTH_PATHS, LOGIN
from tests.support.factories import PASSWORD, logged_in, make_user
from tests.support.pkce import REDIRECT_URI, PkceClient
from tests.support.project import ROOT
from tests.support.service import Start

AUTHORIZE = "/api/v1/auth/authorize"
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


async def test_a_login_that_ends_in_a_code_counts_with_the_others(start: Start) -> None:
    async with start(**ON, oauth_redirect_uris=REDIRECT_URI) as service:
        await make_user(service, username="ada")
        body = PkceClient().authorization("local", username="ada", password=PASSWORD)
        first = await service.client.post(AUTHORIZE, json=body)
        refused = await service.client.post(AUTHORIZE, json=body)
        login = await service.client.post(LOGIN, json={"username": "ada", "password": PASSWORD})

    assert first.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 50
    assert login.status_code == 429


async def test_a_login_at_a_provider_is_not_counted_with_them(start: Start) -> None:
    async with start(**ON, oauth_redirect_uris=REDIRECT_URI) as service:
        body = PkceClient().authorization("elsewhere")
        answers = [await service.client.post(AUTHORIZE, json=body) for _ in range(3)]
        providers = [await service.client.get("/api/v1/auth/providers") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert [answer.status_code for answer in providers] == [200] * 3


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
