"""Against an OpenID provider that somebody else wrote, by hand and in a browser."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from oidc_provider_mock import User, run_server_in_thread

from tests.features.federation.browser import Browser, landing
from tests.features.federation.conftest import NAME, Configure
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import CLIENT_ID, SECRET, Server
from tests.support import project
from tests.support.browser import COMMAND, page
from tests.support.server import serving
from tests.support.service import Service

SUBJECT = "ada"
CLAIMS = {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}
DOMAIN = """
from app.domains import Domain
from app.features.federation.port import Provider
from app.features.federation.port import openid_identity

ACME = Provider(name="acme", display_name="Acme", identify=openid_identity)
DOMAINS = (Domain(install=lambda app, settings: None, providers=(ACME,)),)
"""


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


@pytest.mark.needs(COMMAND)
def test_a_browser_completes_a_login(
    database_url: str, issuer: str, server: Server, tmp_path: Path
) -> None:
    copy = project.copied(tmp_path, with_revisions=True)
    project.write(copy / "app" / "installed.py", DOMAIN)
    application = PkceClient(redirect_uri=f"{server.url}/landed")
    variables = {
        "PYTHONPATH": str(copy),
        "OAUTH_REDIRECT_URIS": application.redirect_uri,
        "ACME_ISSUER": issuer,
        "ACME_CLIENT_ID": CLIENT_ID,
        "ACME_CLIENT_SECRET": SECRET,
    }
    query = {
        "redirect_uri": application.redirect_uri,
        "state": application.state,
        "code_challenge": application.challenge,
    }

    with (
        serving(database_url, port="0", preexec=None, **variables) as served,
        page(tmp_path / "profile") as browser,
    ):
        browser.open(f"{served.url}/api/v1/auth/login/{NAME}?{urlencode(query)}")
        browser.click(f'button[value="{SUBJECT}"]')
        browser.text("body.landed")
        landed = dict(parse_qsl(urlsplit(browser.evaluate("location.href")).query))
        tokens = httpx2.post(
            f"{served.url}/api/v1/auth/token", data=application.grant(landed["code"])
        )

    assert landed["state"] == application.state
    assert tokens.json()["email"] == CLAIMS["email"]
