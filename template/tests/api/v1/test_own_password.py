"""POST /auth/password/change."""

from tests.support.factories import (
    PASSWORD,
    logged_in,
    login_status,
    make_user,
    refresh,
    signed_in,
    status_of_me,
)
from tests.support.service import Service, Start

CHANGE = "/api/v1/auth/password/change"
NEW = "plum otter violin seventy"
BOTH = {"current_password": PASSWORD, "new_password": NEW}


async def test_a_changed_password_ends_every_other_session(service: Service) -> None:
    user = await make_user(service)
    here, elsewhere = await signed_in(service, user), await signed_in(service, user)

    response = await service.client.post(CHANGE, json=BOTH, headers=here.header)

    assert response.status_code == 204
    assert [await status_of_me(service, tokens) for tokens in (here, elsewhere)] == [200, 401]
    assert (await refresh(service, elsewhere.refresh)).status_code == 400
    assert [await login_status(service, user, password) for password in (PASSWORD, NEW)] == [
        401,
        200,
    ]


async def test_an_account_without_a_password_has_none_to_change(service: Service) -> None:
    header = (await logged_in(service, password_hash=None)).header

    response = await service.client.post(CHANGE, json=BOTH, headers=header)

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")


async def test_guesses_of_a_stolen_session_are_counted(start: Start) -> None:
    async with start(login_failures_per_account=2) as service:
        header = (await logged_in(service)).header
        wrong = BOTH | {"current_password": NEW}
        answers = [await service.client.post(CHANGE, json=wrong, headers=header) for _ in "123"]

    codes = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert codes == [(403, "wrong_password")] * 2 + [(429, "too_many_attempts")]


async def test_a_new_password_keeps_to_the_policy(service: Service) -> None:
    user = await make_user(service)
    header = (await signed_in(service, user)).header
    blocked = f"{user.username}{user.username}{user.username}"

    response = await service.client.post(
        CHANGE, json=BOTH | {"new_password": blocked}, headers=header
    )

    assert (response.status_code, response.json()["code"]) == (422, "password_blocked")


async def test_128_characters_are_a_password_and_the_73rd_counts(service: Service) -> None:
    user = await make_user(service)
    header = (await signed_in(service, user)).header
    long = "violet Otter 9 " * 8 + "and more"
    assert len(long) == 128

    changed = await service.client.post(CHANGE, json=BOTH | {"new_password": long}, headers=header)

    assert changed.status_code == 204
    tried = (long[:72] + "#" + long[73:], long.lower(), long)
    assert [await login_status(service, user, password) for password in tried] == [401, 401, 200]
