"""A browser completes a login through an OpenID provider of another author."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from oidc_provider_mock import User, run_server_in_thread

from tests.features.federation.conftest import NAME
from tests.features.federation.own import INSTALLED
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import CLIENT_ID, SECRET, Server
from tests.support import project
from tests.support.browser import COMMAND, page
from tests.support.server import serving

SUBJECT = "ada"
CLAIMS = {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}


@pytest.fixture
def issuer() -> Iterator[str]:
    with run_server_in_thread(user_claims=[User(sub=SUBJECT, claims=CLAIMS)]) as provider:
        yield f"http://localhost:{provider.server_port}"


@pytest.mark.needs(COMMAND)
def test_a_browser_completes_a_login(
    database_url: str, issuer: str, server: Server, tmp_path: Path
) -> None:
    copy = project.copied(tmp_path, with_revisions=True)
    project.write(copy / "app" / "installed.py", INSTALLED)
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
