"""Logins through an OpenID provider of another author."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from oidc_provider_mock import User, run_server_in_thread

from tests.features.federation.browser import Browser, landing
from tests.features.federation.conftest import NAME, Configure
from tests.features.federation.pkce import PkceClient
from tests.support.service import Service

SUBJECT = "ada"
CLAIMS = {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}


@pytest.fixture
def issuer() -> Iterator[str]:
    with run_server_in_thread(user_claims=[User(sub=SUBJECT, claims=CLAIMS)]) as provider:
        yield f"http://localhost:{provider.server_port}"


async def test_two_logins_in_a_row_open_one_account(
    service: Service, configure: Configure, issuer: str
) -> None:
    configure(acme_issuer=issuer)

    first, second = [await logged_in(service) for _ in range(2)]

    assert first["user_id"] == second["user_id"]
    assert (first["is_new_user"], second["is_new_user"]) == (True, False)


async def logged_in(service: Service) -> dict[str, object]:
    application, browser = PkceClient(), Browser(service)
    away = await browser.departs(application, NAME)
    async with httpx2.AsyncClient() as user:
        consented = await user.post(away.headers["location"], data={"sub": SUBJECT})
    answer = dict(parse_qsl(urlsplit(consented.headers["location"]).query))
    back = await browser.returns(NAME, **answer)
    response = await browser.redeems(application, landing(back, application)["code"])
    tokens: dict[str, object] = response.json()
    return tokens
