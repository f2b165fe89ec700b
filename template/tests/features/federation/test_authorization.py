"""A login by password that ends in a one-time code, and who can redeem it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core import registry
from app.core.security.events import SecurityEvent
from app.features.federation.authorization import CODE_TTL
from app.models.session import Session
from app.models.user import User
from app.services.sessions import Sessions
from tests.features.federation.pkce import REDIRECT_URI, PkceClient
from tests.support.factories import PASSWORD, bearer, make_user
from tests.support.service import Service, Start
from tests.support.time_travel import advance

AUTHORIZE = "/api/v1/auth/authorize"
TOKEN = "/api/v1/auth/token"


@pytest.fixture
async def service(start: Start) -> AsyncIterator[Service]:
    async with start(oauth_redirect_uris=REDIRECT_URI) as service:
        await make_user(service, username="ada")
        yield service


async def code_for(service: Service, client: PkceClient) -> str:
    body = client.authorization("local", username="ada", password=PASSWORD)
    response = await service.client.post(AUTHORIZE, json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer.keys() == {"authorization_code", "state", "redirect_uri"}
    assert (answer["state"], answer["redirect_uri"]) == (client.state, client.redirect_uri)
    return str(answer["authorization_code"])


async def test_the_clients_verifier_redeems_the_code_once(service: Service) -> None:
    client = PkceClient()
    code = await code_for(service, client)

    first = await service.client.post(TOKEN, data=client.grant(code))
    me = await service.client.get("/api/v1/users/me", headers=bearer(first.json()["access_token"]))
    second = await service.client.post(TOKEN, data=client.grant(code))

    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    assert me.json()["username"] == "ada"
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


async def test_a_code_that_comes_again_ends_the_session_it_began(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    client = PkceClient()
    code = await code_for(service, client)
    tokens = (await service.client.post(TOKEN, data=client.grant(code))).json()

    again = await service.client.post(TOKEN, data=client.grant(code))
    me = await service.client.get("/api/v1/users/me", headers=bearer(tokens["access_token"]))
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = await service.client.post(TOKEN, data=refresh)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (me.status_code, refreshed.status_code) == (401, 400)
    assert security_events[-1].action == "auth.code.reused"


async def test_another_claim_in_between_does_not_hide_that_a_code_comes_again(
    service: Service,
) -> None:
    client = PkceClient()
    code = await code_for(service, client)
    tokens = (await service.client.post(TOKEN, data=client.grant(code))).json()

    await service.client.post(TOKEN, data=client.grant(code, code_verifier="x" * 43))
    await service.client.post(TOKEN, data=client.grant(code))

    me = await service.client.get("/api/v1/users/me", headers=bearer(tokens["access_token"]))
    assert me.status_code == 401


async def test_a_code_does_not_outlive_the_password_it_was_given_for(service: Service) -> None:
    client = PkceClient()
    code = await code_for(service, client)
    async with service.database.write() as session:
        await session.execute(update(User).values(password_hash="of another password"))

    response = await service.client.post(TOKEN, data=client.grant(code))

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("verifier", "statuses"), [(None, [400, 400]), ("x" * 43, [200, 400])])
async def test_a_code_that_comes_twice_at_once_leaves_no_session(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    verifier: str | None,
    statuses: list[int],
) -> None:
    client = PkceClient()
    code = await code_for(service, client)
    other = client.grant(code, **({"code_verifier": verifier} if verifier else {}))
    open_session = registry.get(service.app, Sessions).open

    async def while_another_redeems(*arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        answers.append(await service.client.post(TOKEN, data=other))
        return await open_session(*arguments, **named)

    answers: list[Any] = []
    monkeypatch.setattr(registry.get(service.app, Sessions), "open", while_another_redeems)
    answers.insert(0, await service.client.post(TOKEN, data=client.grant(code)))

    assert [answer.status_code for answer in answers] == statuses
    async with service.database.read() as session:
        ended = await session.scalar(select(Session.ended_at.is_not(None)))
    assert ended == (statuses[0] == 400)


async def test_who_merely_saw_a_used_code_ends_nothing(service: Service) -> None:
    client = PkceClient()
    code = await code_for(service, client)
    tokens = (await service.client.post(TOKEN, data=client.grant(code))).json()

    seen = await service.client.post(TOKEN, data=client.grant(code, code_verifier="x" * 43))
    me = await service.client.get("/api/v1/users/me", headers=bearer(tokens["access_token"]))

    assert (seen.status_code, me.status_code) == (400, 200)


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "x" * 43}, {"redirect_uri": f"{REDIRECT_URI}/"}]
)
async def test_a_code_is_used_up_by_whoever_cannot_redeem_it(
    service: Service, wrong: dict[str, str]
) -> None:
    client = PkceClient()
    code = await code_for(service, client)

    stolen = await service.client.post(TOKEN, data=client.grant(code, **wrong))
    afterwards = await service.client.post(TOKEN, data=client.grant(code))

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert afterwards.json()["error"] == "invalid_grant"


async def test_a_code_ends_after_a_minute(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = PkceClient()
    code = await code_for(service, client)
    advance(monkeypatch, CODE_TTL + timedelta(seconds=1))

    response = await service.client.post(TOKEN, data=client.grant(code))

    assert response.json()["error"] == "invalid_grant"


async def test_a_user_who_was_disabled_meanwhile_gets_no_session(service: Service) -> None:
    client = PkceClient()
    user = await make_user(service)
    authorized = client.authorization("local", email=user.email, password=PASSWORD)
    code = (await service.client.post(AUTHORIZE, json=authorized)).json()["authorization_code"]
    async with service.database.write() as session:
        (await session.merge(user)).is_active = False

    response = await service.client.post(TOKEN, data=client.grant(code))

    assert (response.status_code, response.json()["code"]) == (400, "account_disabled")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "not the password"}, 401, "invalid_credentials"),
        ({"password": None}, 422, "credentials_required"),
        ({"username": None}, 422, "credentials_required"),
        ({"provider": "nowhere"}, 404, "provider_not_found"),
        ({"redirect_uri": "https://evil.example/"}, 400, "redirect_uri_not_allowed"),
        ({"redirect_uri": f"{REDIRECT_URI}?next=/"}, 400, "redirect_uri_not_allowed"),
        ({"redirect_uri": f"{REDIRECT_URI}@evil.example"}, 400, "redirect_uri_not_allowed"),
        ({"redirect_uri": "HTTPS://app.example.org/signed-in"}, 400, "redirect_uri_not_allowed"),
        ({"code_challenge_method": "plain"}, 422, "validation_failed"),
        ({"code_challenge": "short"}, 422, "validation_failed"),
        ({"code_challenge": None}, 422, "validation_failed"),
        ({"state": ""}, 422, "validation_failed"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said_and_no_code_issued(
    service: Service, change: dict[str, Any], status: int, code: str
) -> None:
    right = {"username": "ada", "password": PASSWORD}
    body = PkceClient().authorization("local", **right) | change

    response = await service.client.post(AUTHORIZE, json=body)

    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_the_front_end_is_allowed_as_it_is_written(start: Start) -> None:
    async with start(frontend_url="https://app.example.org") as service:
        await make_user(service, username="ada")
        allowed = PkceClient(redirect_uri="https://app.example.org")
        other = PkceClient(redirect_uri="https://app.example.org/").authorization(
            "local", username="ada", password=PASSWORD
        )

        assert await code_for(service, allowed)
        assert (await service.client.post(AUTHORIZE, json=other)).status_code == 400


async def test_the_password_is_listed_as_a_provider(service: Service) -> None:
    listed = (await service.client.get("/api/v1/auth/providers")).json()

    assert listed["providers"]["local"] == {
        "name": "local",
        "display_name": "Password",
        "type": "local",
        "supports_pkce": True,
        "scopes": [],
    }
    assert (listed["recommended_flow"], listed["pkce_required"]) == ("authorization_code", True)
