"""Logins through POST /auth/authorize count as what they are."""

from app.features.rate_limit.rules import LOGIN
from tests.features.federation.pkce import REDIRECT_URI, PkceClient
from tests.support.factories import PASSWORD, make_user
from tests.support.service import Start

AUTHORIZE = "/api/v1/auth/authorize"
ON = {"rate_limit_enabled": True, "rate_limit_auth": "1/minute"}


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
