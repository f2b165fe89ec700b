"""Another authenticator in place of the one in use, without a moment in which there is none."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from tests.features.second_factor.support import (
    AUTH,
    Authenticator,
    Protected,
    answer,
    challenged,
    protected_user,
    with_factor,
)
from tests.support.factories import make_user, signed_in
from tests.support.service import SECRET_KEY, Service, Start
from tests.support.time_travel import advance


async def begun(service: Service, owner: Protected, code: str | None = None) -> dict[str, Any]:
    response = await begin(service, owner, code or owner.authenticator.code())
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def begin(service: Service, owner: Protected, code: str) -> Response:
    header = owner.tokens.header
    return await service.client.post(f"{AUTH}/totp/replace", json={"code": code}, headers=header)


async def confirm(
    service: Service, owner: Protected, replacement: dict[str, Any], code: str | None = None
) -> Response:
    return await service.client.post(
        f"{AUTH}/totp/replace/confirm",
        json={
            "replacement": replacement["replacement"],
            "code": code or Authenticator(replacement["secret"]).code(),
        },
        headers=owner.tokens.header,
    )


async def logs_in(service: Service, owner: Protected, code: str) -> bool:
    response = await answer(service, await challenged(service, owner.user), code)
    return response.status_code == 200


async def test_the_new_authenticator_counts_from_its_first_code_on(service: Service) -> None:
    owner = await protected_user(service)
    replacement = await begun(service, owner)
    new = Authenticator(replacement["secret"])

    response = await confirm(service, owner, replacement)

    assert f"secret={new.secret}" in replacement["otpauth_uri"]
    assert response.headers["Cache-Control"] == "no-store"
    assert len(set(response.json()["recovery_codes"])) == 10
    assert not await logs_in(service, owner, owner.authenticator.code(1))
    assert not await logs_in(service, owner, owner.recovery_codes[0])
    assert not await logs_in(service, owner, new.code())
    assert await logs_in(service, owner, new.code(1))
    assert await logs_in(service, owner, response.json()["recovery_codes"][0])


async def test_until_then_the_old_one_does(service: Service) -> None:
    owner = await protected_user(service)
    replacement = await begun(service, owner)

    response = await confirm(service, owner, replacement, "wrong")

    assert (response.status_code, response.json()["code"]) == (403, "wrong_code")
    assert not await logs_in(service, owner, Authenticator(replacement["secret"]).code())
    assert await logs_in(service, owner, owner.authenticator.code(1))
    assert (await confirm(service, owner, replacement)).status_code == 200


async def test_who_lost_the_authenticator_begins_with_a_recovery_code(service: Service) -> None:
    owner = await protected_user(service)

    replacement = await begun(service, owner, owner.recovery_codes[0])

    assert (await confirm(service, owner, replacement)).status_code == 200


async def test_nothing_begins_without_a_code_of_the_factor(service: Service) -> None:
    owner = await protected_user(service)

    answers = [
        await begin(service, owner, "wrong"),
        await begin(service, owner, owner.authenticator.code(-1)),
    ]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "wrong_code")}


async def test_wrong_codes_of_the_new_one_lock_the_account(start: Start) -> None:
    async with start(login_failures_per_account=2) as service:
        owner = await protected_user(service)
        replacement = await begun(service, owner)
        answers = [await confirm(service, owner, replacement, code) for code in ("a", "b")]
        answers.append(await confirm(service, owner, replacement))

    assert [one.status_code for one in answers] == [403, 403, 429]


async def test_a_replacement_is_its_owners_works_once_and_lives_ten_minutes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, other = await protected_user(service), await protected_user(service)
    late = await begun(service, owner)
    used = await begun(service, owner, owner.recovery_codes[0])
    foreign = await begun(service, other)
    assert (await confirm(service, owner, used)).status_code == 200

    answers = [await confirm(service, owner, one) for one in (used, foreign)]
    advance(monkeypatch, timedelta(minutes=10))
    answers.append(await confirm(service, owner, late))

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(409, "totp_not_pending")}


async def test_a_factor_that_is_gone_by_then_does_not_come_back(service: Service) -> None:
    owner = await protected_user(service)
    replacement = await begun(service, owner)
    await service.client.delete(f"{AUTH}/totp", headers=owner.tokens.header)

    response = await confirm(service, owner, replacement)

    assert (response.status_code, response.json()["code"]) == (409, "totp_not_pending")


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_it_is_void_for_another_factor_than_it_was_begun_with(
    service: Service, is_replaced: bool
) -> None:
    owner = await protected_user(service)
    stolen = await begun(service, owner, owner.recovery_codes[0])
    if is_replaced:
        assert (await confirm(service, owner, await begun(service, owner))).status_code == 200
    else:
        await service.client.delete(f"{AUTH}/totp", headers=owner.tokens.header)
        await with_factor(service, owner.user)

    response = await confirm(service, owner, stolen)

    assert (response.status_code, response.json()["code"]) == (409, "totp_not_pending")


async def test_an_account_without_a_factor_has_none_to_replace(start: Start) -> None:
    async with start(login_failures_per_account=1) as service:
        user = await make_user(service)
        without = Protected(user, await signed_in(service, user), Authenticator("A" * 32), [])
        answers = [await begin(service, without, "000000") for _ in range(2)]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {
        (404, "totp_not_enrolled")
    }


async def test_a_replacement_whose_key_was_dropped_is_begun_anew(start: Start) -> None:
    async with start() as service:
        owner = await protected_user(service)
        replacement = await begun(service, owner)
    async with start(secret_key=SECRET_KEY[::-1]) as service:
        owner.tokens = await signed_in(service, owner.user)
        response = await confirm(service, owner, replacement)

    assert (response.status_code, response.json()["code"]) == (409, "totp_not_pending")


async def test_where_a_factor_is_demanded_its_owner_replaces_it(start: Start) -> None:
    async with start(second_factor_required_for="everybody") as service:
        owner = await protected_user(service)
        removed = await service.client.delete(f"{AUTH}/totp", headers=owner.tokens.header)
        replaced = await confirm(service, owner, await begun(service, owner))

    assert (removed.status_code, removed.json()["code"]) == (403, "factor_required")
    assert replaced.status_code == 200
