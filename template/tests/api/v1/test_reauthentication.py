"""What changes an account's credentials wants a login, a password or a code within the hour."""

from datetime import timedelta

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.core import clock
from app.core.security.events import SecurityEvent
from app.models.session import Session
from tests.support.factories import PASSWORD, Tokens, bearer, login, make_user, signed_in
from tests.support.second_factor import AUTH, mid_step, protected_user
from tests.support.service import Service
from tests.support.time_travel import stand_still

HOUR = timedelta(hours=1)
GUARDED = [("POST", "/totp"), ("POST", "/totp/replace"), ("DELETE", "/totp")]


@pytest.fixture(autouse=True)
def _steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_still(monkeypatch, mid_step())


async def reauthenticate(service: Service, tokens: Tokens, **proof: str) -> Response:
    return await service.client.post(f"{AUTH}/reauthenticate", json=proof, headers=tokens.header)


async def grow_old(service: Service, age: timedelta = HOUR) -> None:
    """Every session was authenticated so long ago; access tokens stay live."""
    async with service.database.write() as session:
        for row in await session.scalars(select(Session)):
            row.authenticated_at = clock.now() - age


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_an_old_login_is_asked_again(service: Service, method: str, path: str) -> None:
    tokens = await signed_in(service, await make_user(service))
    await grow_old(service)

    refused = await service.client.request(method, AUTH + path, headers=tokens.header)
    opened = await reauthenticate(service, tokens, password=PASSWORD)
    admitted = await service.client.request(method, AUTH + path, headers=tokens.header)

    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert opened.status_code == 204
    assert admitted.status_code in {200, 404, 422}  # without the body of a replacement


async def test_a_session_from_before_this_was_kept_is_asked(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))
    async with service.database.write() as session:
        for row in await session.scalars(select(Session)):
            row.authenticated_at = None

    response = await service.client.post(f"{AUTH}/totp", headers=tokens.header)

    assert response.json()["code"] == "reauth_required"


async def test_a_login_is_recent_for_an_hour(service: Service) -> None:
    tokens = await login(service, await make_user(service))
    fresh = await service.client.post(f"{AUTH}/totp", headers=tokens.header)
    await grow_old(service, HOUR - timedelta(seconds=1))
    almost = await service.client.post(f"{AUTH}/totp", headers=tokens.header)
    await grow_old(service, HOUR)
    old = await service.client.post(f"{AUTH}/totp", headers=tokens.header)

    assert [response.status_code for response in (fresh, almost, old)] == [200, 200, 403]


async def test_a_refresh_makes_nothing_recent(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))
    await grow_old(service)

    refreshed = await service.client.post(f"{AUTH}/refresh", json={"refresh_token": tokens.refresh})
    header = bearer(refreshed.json()["access_token"])
    response = await service.client.post(f"{AUTH}/totp", headers=header)

    assert (response.status_code, response.json()["code"]) == (403, "reauth_required")


async def test_what_one_session_proved_opens_nothing_for_another(service: Service) -> None:
    user = await make_user(service)
    mine, other = await signed_in(service, user), await signed_in(service, user)
    await grow_old(service)

    await reauthenticate(service, mine, password=PASSWORD)
    response = await service.client.post(f"{AUTH}/totp", headers=other.header)

    assert response.json()["code"] == "reauth_required"


@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_a_code_is_enough_and_works_once(service: Service, kind: str) -> None:
    protected = await protected_user(service)
    await grow_old(service)
    code = protected.authenticator.code() if kind == "totp" else protected.recovery_codes[0]

    first = await reauthenticate(service, protected.tokens, code=code)
    second = await reauthenticate(service, protected.tokens, code=code)
    disabled = await service.client.delete(f"{AUTH}/totp", headers=protected.tokens.header)

    assert (first.status_code, disabled.status_code) == (204, 204)
    assert (second.status_code, second.json()["code"]) == (403, "wrong_code")


@pytest.mark.parametrize("proof", [{"password": "wrong"}, {"code": "000000"}])
async def test_wrong_proofs_open_nothing_and_count_for_the_lockout(
    service: Service, recorded: list[SecurityEvent], proof: dict[str, str]
) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)
    await grow_old(service)

    wrong = [await reauthenticate(service, tokens, **proof) for _ in range(10)]
    locked = await reauthenticate(service, tokens, password=PASSWORD)
    at_login = await service.client.post(
        f"{AUTH}/login", json={"username": user.username, "password": PASSWORD}
    )

    assert {(answer.status_code, answer.json()["code"]) for answer in wrong} == {
        (403, f"wrong_{next(iter(proof))}")
    }
    assert (locked.status_code, at_login.status_code) == (429, 429)


async def test_an_account_without_a_password_cannot_use_one(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service, password_hash=None))

    response = await reauthenticate(service, tokens, password=PASSWORD)

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")


@pytest.mark.parametrize(
    "body", [{}, {"password": PASSWORD, "code": "000000"}, {"code": "1" * 65}, {"password": 1}]
)
async def test_exactly_one_proof_is_sent(service: Service, body: dict[str, object]) -> None:
    tokens = await signed_in(service, await make_user(service))

    response = await service.client.post(f"{AUTH}/reauthenticate", json=body, headers=tokens.header)

    assert response.status_code == 422
    assert PASSWORD not in response.text


async def test_the_event_tells_how(service: Service, recorded: list[SecurityEvent]) -> None:
    tokens = await signed_in(service, await make_user(service))

    await reauthenticate(service, tokens, password=PASSWORD)

    [event] = recorded
    assert (event.action, event.detail) == ("auth.reauthenticated", {"method": "password"})


@pytest.mark.parametrize("proof", [{"password": "wrong"}, {"code": "000000"}])
async def test_a_wrong_proof_is_recorded_although_the_answer_is_an_error(
    service: Service, recorded: list[SecurityEvent], proof: dict[str, str]
) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)

    assert (await reauthenticate(service, tokens, **proof)).status_code == 403

    [event] = recorded
    assert (event.action, event.outcome) == ("auth.reauthentication.failed", "failure")
    assert event.actor_id == user.id
