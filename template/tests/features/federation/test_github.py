"""GitHub, in the shapes its documentation shows."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from app.cli import cli
from app.features.federation.providers import github
from tests.features.federation.browser import Browser, landing, signed_in_through
from tests.features.federation.conftest import Configure
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import CLIENT_ID, SECRET, Reply, Stub
from tests.support.service import Service

USER = {"login": "octocat", "id": 1, "name": "Mona Lisa", "email": None, "type": "User"}
EMAILS = [
    {"email": "old@example.com", "verified": True, "primary": False, "visibility": None},
    {"email": "octocat@example.com", "verified": True, "primary": True, "visibility": "private"},
]


@pytest.fixture
def hub(service: Service, stub: Stub, configure: Configure) -> Stub:
    """An enterprise server, whose API is below its own address."""
    prepared(stub)
    configure(github_issuer=stub.url, github_client_id=CLIENT_ID, github_client_secret=SECRET)
    return stub


def prepared(stub: Stub) -> None:
    stub.token["id_token"] = None
    stub.token_paths.add("/login/oauth/access_token")
    told(stub, USER, EMAILS)


def told(stub: Stub, user: Any, emails: Any) -> None:
    stub.paths["/api/v3/user"] = lambda: Reply(json.dumps(user).encode())
    stub.paths["/api/v3/user/emails"] = lambda: Reply(json.dumps(emails).encode())


async def test_two_logins_in_a_row_and_the_verified_primary_address_counts(
    service: Service, hub: Stub
) -> None:
    first = await signed_in_through(service, hub, "github")
    told(hub, USER | {"login": "renamed"}, EMAILS)
    second = await signed_in_through(service, hub, "github")

    assert first["user_id"] == second["user_id"]
    assert (first["email"], first["username"]) == ("octocat@example.com", "octocat")
    assert "/.well-known/openid-configuration" not in hub.asked


async def test_somebody_with_the_login_name_of_another_is_another(
    service: Service, hub: Stub
) -> None:
    first = await signed_in_through(service, hub, "github")
    told(hub, USER | {"id": 2}, [EMAILS[1] | {"email": "second@example.com"}])

    second = await signed_in_through(service, hub, "github")

    assert first["user_id"] != second["user_id"]


@pytest.mark.parametrize(
    ("user", "emails", "reason"),
    [
        (USER, [EMAILS[0]], "email_unverified"),
        (USER, [EMAILS[1] | {"verified": False}], "email_unverified"),
        (USER, [EMAILS[1] | {"verified": "true"}], "email_unverified"),
        (USER, [], "email_unverified"),
        (USER, {"message": "Not Found"}, "provider_answer_invalid"),
        (USER | {"id": "1"}, EMAILS, "subject_missing"),
        (USER | {"id": True}, EMAILS, "subject_missing"),
        ([], EMAILS, "provider_answer_invalid"),
    ],
)
async def test_without_a_number_and_a_verified_primary_address_nobody_enters(
    service: Service, hub: Stub, user: Any, emails: Any, reason: str
) -> None:
    told(hub, user, emails)

    assert (await Browser(service).login(hub, provider="github"))["error_description"] == reason


@pytest.mark.parametrize("suffix", [None, "/login/oauth", ""])
async def test_it_may_name_itself_as_its_documentation_does(
    service: Service, hub: Stub, suffix: str | None
) -> None:
    """RFC 9207. What an enterprise server sends is not documented: its own address does too."""
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, "github")
    named = {} if suffix is None else {"iss": f"{hub.url}{suffix}"}

    back = await browser.returns("github", **hub.authorized(away.headers["location"]), **named)

    assert "code" in landing(back, application)


@pytest.mark.parametrize("iss", ["https://other.example/login/oauth", "/login/oauth", ""])
async def test_its_code_goes_to_no_other_issuer(service: Service, hub: Stub, iss: str) -> None:
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, "github")

    answer = hub.authorized(away.headers["location"]) | {"iss": iss}
    back = await browser.returns("github", **answer)

    assert landing(back, application)["error_description"] == "issuer_mismatch"
    assert "/login/oauth/access_token" not in hub.asked


def test_a_login_can_be_walked_through(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(stub)
    monkeypatch.setenv("GITHUB_ISSUER", stub.url)
    monkeypatch.setenv("GITHUB_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GITHUB_CLIENT_SECRET", SECRET)

    def pasted(*_: Any, **__: Any) -> str:
        [away] = re.findall("^open (.+)$", capsys.readouterr().out, re.MULTILINE)
        return f"http://127.0.0.1:8000/?{urlencode(stub.authorized(away))}"

    monkeypatch.setattr("typer.prompt", pasted)
    cli(["oauth", "debug", "github", "--paste"], standalone_mode=False)

    lines = capsys.readouterr().out.splitlines()
    assert "claims: told by the API of the provider" in lines
    assert f"identity: 1 of {stub.url}" in lines


def test_only_an_enterprise_server_has_its_api_below_its_address() -> None:
    assert github.api(github.ISSUER) == "https://api.github.com"
    assert github.api("https://git.example.org") == "https://git.example.org/api/v3"
