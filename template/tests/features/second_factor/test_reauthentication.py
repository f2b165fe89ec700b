"""A code proves who is asking, as a password does."""

import asyncio

import pytest
from httpx2 import Response
from sqlalchemy import update

from app.core.security.lockout import AT_ONCE
from app.models.session import Session
from tests.features.second_factor.support import AUTH, protected_user
from tests.support.factories import PASSWORD, Tokens, make_user, signed_in
from tests.support.service import Service, Start


async def prove(service: Service, tokens: Tokens, **proof: str) -> Response:
    return await service.client.post(f"{AUTH}/reauthenticate", json=proof, headers=tokens.header)


async def grow_old(service: Service) -> None:
    async with service.database.write() as session:
        await session.execute(update(Session).values(authenticated_at=None))


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/totp"), ("POST", "/totp/replace"), ("DELETE", "/totp")]
)
async def test_an_old_login_is_asked_again(service: Service, method: str, path: str) -> None:
    tokens = await signed_in(service, await make_user(service))
    await grow_old(service)

    refused = await service.client.request(method, AUTH + path, headers=tokens.header)
    await prove(service, tokens, password=PASSWORD)
    admitted = await service.client.request(method, AUTH + path, headers=tokens.header)

    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert admitted.status_code in {200, 404, 422}  # without the body of a replacement


@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_a_code_is_enough_and_works_once(service: Service, kind: str) -> None:
    protected = await protected_user(service)
    await grow_old(service)
    code = protected.authenticator.code() if kind == "totp" else protected.recovery_codes[0]

    first = await prove(service, protected.tokens, code=code)
    second = await prove(service, protected.tokens, code=code)
    disabled = await service.client.delete(f"{AUTH}/totp", headers=protected.tokens.header)

    assert (first.status_code, disabled.status_code) == (204, 204)
    assert (second.status_code, second.json()["code"]) == (403, "wrong_code")


async def test_wrong_codes_open_nothing_and_count_for_the_lockout(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))
    await grow_old(service)

    wrong = [await prove(service, tokens, code="000000") for _ in range(10)]
    locked = await prove(service, tokens, password=PASSWORD)

    assert {(one.status_code, one.json()["code"]) for one in wrong} == {(403, "wrong_code")}
    assert locked.status_code == 429


async def test_codes_at_once_do_not_go_around_the_limits(start: Start) -> None:
    async with start(login_failures_per_account=3) as service:
        owner = await protected_user(service)
        guesses = (prove(service, owner.tokens, code="wrong") for _ in range(4 * AT_ONCE))
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]

    assert set(statuses) == {403, 429}
    assert statuses.count(403) < 3 + AT_ONCE


async def test_a_password_and_a_code_together_are_refused(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))

    response = await prove(service, tokens, password=PASSWORD, code="000000")

    assert response.status_code == 422
    assert PASSWORD not in response.text


async def test_the_schema_names_both_proofs(service: Service) -> None:
    schema = service.app.openapi()["components"]["schemas"]["ReauthenticationRequest"]

    assert schema["properties"].keys() == {"password", "code"}
