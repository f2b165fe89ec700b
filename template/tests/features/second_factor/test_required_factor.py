"""SECOND_FACTOR_REQUIRED_FOR: who has no factor sets one up before a login gives tokens."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import Response

from app.models.user import User
from tests.features.second_factor.support import AUTH, Authenticator, answer, with_factor
from tests.support.factories import PASSWORD, bearer, make_user
from tests.support.service import Service, Start

ENROL = f"{AUTH}/login/totp/enrol"
CONFIRM = f"{AUTH}/login/totp/confirm"


@pytest.fixture
async def service(start: Start) -> AsyncIterator[Service]:
    async with start(second_factor_required_for="everybody") as service:
        yield service


async def tried(service: Service, user: User) -> Response:
    body = {"username": user.username, "password": PASSWORD}
    return await service.client.post(f"{AUTH}/login", json=body)


async def challenge_of(service: Service, user: User) -> str:
    refused = await tried(service, user)
    assert (refused.status_code, refused.json()["code"]) == (403, "mfa_enrolment_required")
    return str(refused.json()["challenge"])


async def enrolled(service: Service, challenge: str) -> Authenticator:
    response = await service.client.post(ENROL, json={"challenge": challenge})
    assert response.status_code == 200, response.text
    return Authenticator(response.json()["secret"])


async def confirmed(service: Service, challenge: str, code: str) -> Response:
    return await service.client.post(CONFIRM, json={"challenge": challenge, "code": code})


@pytest.mark.parametrize(
    ("required_for", "is_superuser", "status"),
    [
        ("nobody", True, 200),
        ("superusers", False, 200),
        ("superusers", True, 403),
        ("everybody", False, 403),
    ],
)
async def test_the_setting_says_of_whom(
    start: Start, required_for: str, is_superuser: bool, status: int
) -> None:
    async with start(second_factor_required_for=required_for) as service:
        user = await make_user(service, is_superuser=is_superuser)
        response = await tried(service, user)

    assert response.status_code == status


async def test_the_login_sets_the_factor_up_and_gives_tokens(service: Service) -> None:
    user = await make_user(service)
    challenge = await challenge_of(service, user)
    authenticator = await enrolled(service, challenge)

    response = await confirmed(service, challenge, authenticator.code())
    me = await service.client.get(
        "/api/v1/users/me", headers=bearer(response.json()["access_token"])
    )
    again = await tried(service, user)
    next_login = await answer(service, again.json()["challenge"], authenticator.code(1))

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert len(set(response.json()["recovery_codes"])) == 10
    assert me.json()["username"] == user.username
    assert (again.status_code, again.json()["code"]) == (403, "mfa_required")
    assert next_login.status_code == 200


async def test_five_wrong_codes_end_the_challenge(service: Service) -> None:
    challenge = await challenge_of(service, await make_user(service))
    authenticator = await enrolled(service, challenge)

    wrong = [await confirmed(service, challenge, "000000") for _ in range(5)]
    right = await confirmed(service, challenge, authenticator.code())

    assert {(one.status_code, one.json()["code"]) for one in wrong} == {(401, "wrong_code")}
    assert (right.status_code, right.json()["code"]) == (401, "invalid_challenge")


async def test_a_challenge_is_good_for_its_own_steps_only(service: Service) -> None:
    user, protected = await make_user(service), await make_user(service, username="protected")
    await with_factor(service, protected)
    to_enrol = await challenge_of(service, user)
    to_answer = (await tried(service, protected)).json()["challenge"]

    answered = await answer(service, to_enrol, "000000")
    replaced = await service.client.post(ENROL, json={"challenge": to_answer})

    assert (answered.status_code, answered.json()["code"]) == (401, "invalid_challenge")
    assert (replaced.status_code, replaced.json()["code"]) == (401, "invalid_challenge")


async def test_nothing_is_confirmed_before_it_is_enrolled(service: Service) -> None:
    challenge = await challenge_of(service, await make_user(service))

    early = await confirmed(service, challenge, "000000")
    authenticator = await enrolled(service, challenge)
    response = await confirmed(service, challenge, authenticator.code())

    assert (early.status_code, early.json()["code"]) == (409, "totp_not_pending")
    assert response.status_code == 200


async def test_of_two_logins_that_set_one_up_the_first_counts(service: Service) -> None:
    user = await make_user(service)
    first, second = [await challenge_of(service, user) for _ in range(2)]
    authenticator = await enrolled(service, first)
    await confirmed(service, first, authenticator.code())

    late = await service.client.post(ENROL, json={"challenge": second})

    assert (late.status_code, late.json()["code"]) == (409, "totp_active")


async def test_the_password_grant_cannot_go_around_it(service: Service) -> None:
    user = await make_user(service)
    form = {"grant_type": "password", "username": user.username, "password": PASSWORD}

    response = await service.client.post(f"{AUTH}/token", data=form)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_grant"
    assert response.json()["code"] == "mfa_enrolment_required"


async def test_what_is_required_is_not_removed(service: Service) -> None:
    user = await make_user(service)
    challenge = await challenge_of(service, user)
    authenticator = await enrolled(service, challenge)
    tokens = (await confirmed(service, challenge, authenticator.code())).json()

    response = await service.client.delete(f"{AUTH}/totp", headers=bearer(tokens["access_token"]))

    assert (response.status_code, response.json()["code"]) == (403, "factor_required")


async def test_who_learns_a_wrong_password_learns_nothing_else(service: Service) -> None:
    user = await make_user(service)
    body = {"username": user.username, "password": "wrong"}

    response = await service.client.post(f"{AUTH}/login", json=body)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert "challenge" not in response.json()
