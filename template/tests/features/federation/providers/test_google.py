"""Google: an organisation is the one Google vouches for, not the one in an address."""

import pytest

from tests.features.federation.browser import Browser, signed_in_through
from tests.features.federation.conftest import Configure
from tests.features.federation.stub import CLIENT_ID, SECRET, Stub
from tests.support.service import Service


@pytest.fixture
def google(service: Service, stub: Stub, configure: Configure) -> Configure:
    def configured(**values: str) -> None:
        configure(
            google_issuer=stub.url,
            google_client_id=CLIENT_ID,
            google_client_secret=SECRET,
            **values,
        )

    return configured


async def test_two_logins_in_a_row_open_one_account(
    service: Service, stub: Stub, google: Configure
) -> None:
    google()

    first = await signed_in_through(service, stub, "google")
    second = await signed_in_through(service, stub, "google")

    assert first["user_id"] == second["user_id"]


@pytest.mark.parametrize(
    ("hosted", "enters"), [("example.com", True), ("x.org", False), (None, False)]
)
async def test_an_allowed_domain_is_an_organisation(
    service: Service, stub: Stub, google: Configure, hosted: str | None, enters: bool
) -> None:
    google(google_allowed_domains="example.com")
    stub.claims["hd"] = hosted

    answer = await Browser(service).login(stub, provider="google")

    assert ("code" in answer) is enters
