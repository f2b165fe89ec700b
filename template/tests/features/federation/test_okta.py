"""Okta: refresh tokens are asked for, and the issuer is always the organisation's own."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.settings import ConfigurationError
from tests.features.federation.browser import Browser, signed_in_through
from tests.features.federation.conftest import Configure
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import CLIENT_ID, SECRET, Stub
from tests.support.service import Service


async def test_two_logins_in_a_row_open_one_account(
    service: Service, stub: Stub, configure: Configure
) -> None:
    configure(okta_issuer=stub.url, okta_client_id=CLIENT_ID, okta_client_secret=SECRET)

    first = await signed_in_through(service, stub, "okta")
    second = await signed_in_through(service, stub, "okta")
    away = await Browser(service).departs(PkceClient(), "okta")

    assert first["user_id"] == second["user_id"]
    scope = parse_qs(urlsplit(away.headers["location"]).query)["scope"][0]
    assert "offline_access" in scope.split()


def test_without_its_issuer_it_does_not_start(configure: Configure) -> None:
    with pytest.raises(ConfigurationError, match="OKTA_ISSUER"):
        configure(okta_client_id=CLIENT_ID, okta_client_secret=SECRET)
