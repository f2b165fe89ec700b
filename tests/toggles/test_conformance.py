"""`oidc` of `oauth_providers`: logins through the certified provider, by hand and in a browser."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from template.tests.features.federation.pkce import PkceClient
from tests.rendered.support.browser import COMMAND, page
from tests.support.environment import prepare
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider, sign_in
from tests.support.rendering import render
from tests.support.serving import free_port, served

pytestmark = [pytest.mark.slow, pytest.mark.needs("npm")]

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Federated:
    """A served project, its provider, and the address of a client application."""

    url: str
    issuer: str

    def application(self) -> PkceClient:
        return PkceClient(redirect_uri=f"{self.issuer}/landed")

    def start(self, application: PkceClient) -> str:
        query = {
            "redirect_uri": application.redirect_uri,
            "state": application.state,
            "code_challenge": application.challenge,
        }
        return f"{self.url}/api/v1/auth/login/oidc?{urlencode(query)}"

    def redeemed(self, application: PkceClient, landed: str) -> dict[str, Any]:
        """The TokenResponse for the code in the address where a browser landed."""
        assert landed.startswith(f"{application.redirect_uri}?"), landed
        answer = dict(parse_qsl(urlsplit(landed).query))
        assert answer["state"] == application.state, answer
        form = application.grant(answer["code"])
        redeemed = httpx2.post(f"{self.url}/api/v1/auth/token", data=form)
        assert redeemed.status_code == httpx2.codes.OK, redeemed.text
        tokens: dict[str, Any] = redeemed.json()
        return tokens


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federated]:
    folder = tmp_path_factory.mktemp("conformance")
    project = render(folder / "service", preset="minimal", oauth_providers=["oidc"])
    prepare(project)
    port = free_port()
    callback = f"http://127.0.0.1:{port}/api/v1/auth/callback/oidc"
    with identity_provider(callback, folder / "provider.log") as issuer:
        command = f"env {settings(issuer)} .venv/bin/app serve --port {port}"
        with served(command, cwd=project, port=port) as url:
            yield Federated(url, issuer)


def test_logins_in_a_row_open_one_account(service: Federated) -> None:
    with browsing() as first, browsing() as second:
        entered = logged_in(service, first, "ada")
        again = logged_in(service, first, None)
        elsewhere = logged_in(service, second, "ada")

    assert (entered["email"], entered["is_new_user"]) == ("ada@example.com", True)
    assert {again["user_id"], elsewhere["user_id"]} == {entered["user_id"]}
    assert (again["is_new_user"], elsewhere["is_new_user"]) == (False, False)


def test_whoever_declines_lands_with_an_error_and_no_code(service: Federated) -> None:
    with browsing() as browser:
        asked = browser.get(service.start(service.application()))
        landed = browser.get(f"{asked.url}/abort")

    answer = dict(parse_qsl(urlsplit(str(landed.url)).query))
    assert answer["error"] == "access_denied"
    assert "code" not in answer


def test_a_logout_reaches_the_provider(service: Federated) -> None:
    with browsing() as browser:
        tokens = logged_in(service, browser, "grace")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        path = f"{service.url}/api/v1/auth/logout/oidc"
        answer = httpx2.post(path, json={}, headers=bearer)
        confirmation = browser.get(answer.json()["logout_url"])

    assert confirmation.status_code == httpx2.codes.OK, confirmation.text
    assert "op.logoutForm" in confirmation.text


@pytest.mark.browser
@pytest.mark.needs(COMMAND)
def test_a_browser_lands_with_a_code(service: Federated, tmp_path: Path) -> None:
    application = service.application()
    with page(tmp_path / "profile") as browser:
        browser.open(service.start(application))
        browser.type('input[name="login"]', "mary")
        browser.type('input[name="password"]', "any")
        browser.click("button[type=submit]")
        browser.text('input[name="prompt"][value="consent"]')
        browser.click("button[type=submit]")
        browser.text("body.landed")
        landed = browser.evaluate("location.href")

    assert service.redeemed(application, landed)["email"] == "mary@example.com"


def settings(issuer: str) -> str:
    """Variables for `env`; the provider's process is the client application too."""
    variables = {
        "OAUTH_REDIRECT_URIS": f"{issuer}/landed",
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_ISSUER": issuer,
    }
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())


@contextmanager
def browsing() -> Iterator[httpx2.Client]:
    with httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS) as client:
        yield client


def logged_in(service: Federated, browser: httpx2.Client, login: str | None) -> dict[str, Any]:
    """None is for whom the provider knows already. Its answer names the issuer (RFC 9207)."""
    application = service.application()
    arrived = browser.get(service.start(application))
    landed = sign_in(browser, arrived, login) if login else arrived
    callback = next(answer.url for answer in landed.history if "callback" in answer.url.path)
    assert callback.params["iss"] == service.issuer
    return service.redeemed(application, str(landed.url))
