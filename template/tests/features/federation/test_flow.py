"""A login through a provider, from the browser's first request to the client's tokens."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.features.federation.protocol.flow import TTL
from tests.features.federation.browser import Browser, landing, signed_in_through
from tests.features.federation.conftest import ACME, NAME, Configure
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import Stub
from tests.support.factories import bearer
from tests.support.service import Service
from tests.support.time_travel import advance


async def test_two_logins_in_a_row_open_one_account(service: Service, stub: Stub) -> None:
    first = await signed_in_through(service, stub)
    second = await signed_in_through(service, stub)

    assert (first["is_new_user"], second["is_new_user"]) == (True, False)
    assert first["user_id"] == second["user_id"]
    assert first["access_token"] != second["access_token"]
    me = await service.client.get("/api/v1/users/me", headers=bearer(second["access_token"]))
    facts = me.json()
    assert (facts["email"], facts["username"]) == ("ada@example.com", "ada")
    assert (facts["email_verified"], facts["full_name"]) == (True, "Ada Lovelace")
    assert facts["roles"] == ["member"]


async def test_an_application_may_begin_the_login_itself(service: Service, stub: Stub) -> None:
    application, browser = PkceClient(), Browser(service)
    asked = await browser.client.post(
        "/api/v1/auth/authorize", json=application.authorization(NAME)
    )
    url = asked.json()["authorization_url"]

    away = await browser.client.get(url)
    back = await browser.returns(NAME, **stub.authorized(away.headers["location"]))
    again = await browser.client.get(url)

    assert url.startswith(f"http://localhost/api/v1/auth/login/{NAME}?request=")
    code = landing(back, application)["code"]
    assert (await browser.redeems(application, code)).status_code == 200
    assert (again.status_code, again.json()["code"]) == (400, "request_invalid")


async def test_the_provider_is_listed_and_without_a_client_id_hidden(
    service: Service, configure: Configure
) -> None:
    listed = (await service.client.get("/api/v1/auth/providers")).json()["providers"]

    assert listed[NAME] == {
        "name": NAME,
        "display_name": "Acme",
        "type": "oidc",
        "supports_pkce": True,
        "scopes": ["openid", "profile", "email"],
    }
    configure(acme_client_id="")
    hidden = (await service.client.get("/api/v1/auth/providers")).json()["providers"]
    login = await service.client.get(f"/api/v1/auth/login/{NAME}")
    callback = await service.client.get(f"/api/v1/auth/callback/{NAME}")
    assert set(hidden) == {"local"}
    assert (login.status_code, callback.status_code) == (404, 404)


async def test_the_cookie_is_for_one_login_and_no_script(service: Service) -> None:
    browser = Browser(service)

    plain = (await browser.departs(PkceClient(), NAME)).headers["set-cookie"]
    secure = await service.client.get(
        f"https://service.test/api/v1/auth/login/{NAME}",
        params={**query_of(PkceClient()), "redirect_uri": PkceClient().redirect_uri},
    )

    assert plain.startswith("login-")
    assert {"HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax"} <= set(plain.split("; "))
    protected = secure.headers["set-cookie"]
    assert protected.startswith("__Host-login-")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(protected.split("; "))
    assert "Domain" not in protected


def query_of(application: PkceClient) -> dict[str, str]:
    return {"state": application.state, "code_challenge": application.challenge}


async def test_two_tabs_finish_in_any_order(service: Service, stub: Stub) -> None:
    browser, first, second = Browser(service), PkceClient(), PkceClient()
    one = await browser.departs(first, NAME)
    other = await browser.departs(second, NAME)

    later = await browser.returns(NAME, **stub.authorized(other.headers["location"]))
    earlier = await browser.returns(NAME, **stub.authorized(one.headers["location"]))

    assert "code" in landing(later, second)
    assert "code" in landing(earlier, first)


async def test_logins_never_finished_do_not_fill_the_header(service: Service) -> None:
    browser = Browser(service)

    for _ in range(12):
        await browser.departs(PkceClient(), NAME)

    assert 0 < len(browser.client.cookies) <= 10


async def test_a_state_works_once(service: Service, stub: Stub) -> None:
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, NAME)
    answer = stub.authorized(away.headers["location"])
    cookies = dict(browser.client.cookies)

    first = await browser.returns(NAME, **answer)
    browser.client.cookies.update(cookies)
    second = await browser.returns(NAME, **answer)

    assert first.status_code == 303
    assert (second.status_code, second.json()["code"]) == (400, "state_invalid")


async def test_a_state_of_another_browser_or_provider_or_none_is_refused(
    service: Service, stub: Stub, configure: Configure
) -> None:
    other = replace(ACME, name="other")
    configure(ACME, other, other_issuer=stub.url, other_client_id="there")
    victim, attacker = Browser(service), Browser(service)
    away = await attacker.departs(PkceClient(), NAME)
    answer = stub.authorized(away.headers["location"])

    mixed_up = await attacker.returns("other", **answer)
    fixated = await victim.returns(NAME, **answer)
    missing = await victim.returns(NAME, code="stolen")
    invented = await victim.returns(NAME, code="stolen", state="invented")

    for response in (mixed_up, fixated, missing, invented):
        assert (response.status_code, response.json()["code"]) == (400, "state_invalid")
    assert "/token" not in stub.asked


async def test_a_state_ends_after_ten_minutes(
    service: Service, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(service)
    away = await browser.departs(PkceClient(), NAME)
    advance(monkeypatch, TTL + timedelta(seconds=1))

    late = await browser.returns(NAME, **stub.authorized(away.headers["location"]))

    assert (late.status_code, late.json()["code"]) == (400, "state_invalid")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"redirect_uri": "https://evil.example/"}, 400, "redirect_uri_not_allowed"),
        ({"redirect_uri": "//evil.example"}, 400, "redirect_uri_not_allowed"),
        ({"redirect_uri": "https://app.example.org/signed-in/.."}, 400, "redirect_uri_not_allowed"),
        ({"redirect_uri": "https://app.example.org/signed-in#x"}, 400, "redirect_uri_not_allowed"),
        ({"code_challenge_method": "plain"}, 422, "validation_failed"),
        ({"code_challenge": "x"}, 422, "validation_failed"),
        ({"request": "invented"}, 400, "request_invalid"),
    ],
)
async def test_no_login_begins_for_an_unknown_address_or_without_pkce(
    service: Service, change: dict[str, str], status: int, code: str
) -> None:
    application = PkceClient()
    query = {**query_of(application), "redirect_uri": application.redirect_uri, **change}

    response = await service.client.get(f"/api/v1/auth/login/{NAME}", params=query)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "location" not in response.headers


async def test_without_a_challenge_no_login_begins(service: Service) -> None:
    response = await service.client.get(f"/api/v1/auth/login/{NAME}", params={"state": "x"})

    assert (response.status_code, response.json()["code"]) == (400, "pkce_required")


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("access_denied", "access_denied"),
        ("login_required", "login_required"),
        ("<script>alert(1)</script>", "server_error"),
        ("server_error", "server_error"),
    ],
)
async def test_the_client_hears_that_the_provider_refused(
    service: Service, stub: Stub, word: str, heard: str
) -> None:
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, NAME)
    state = stub.authorized(away.headers["location"])["state"]

    back = await browser.returns(NAME, state=state, error=word, error_description="details")

    assert landing(back, application) == {"error": heard, "error_description": "provider_refused"}
