"""POST /auth/password/change."""

from app.models.user import User
from tests.support.factories import PASSWORD, Tokens, logged_in, make_user, signed_in
from tests.support.service import Service, Start

CHANGE = "/api/v1/auth/password/change"
ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"
NEW = "plum otter violin seventy"
BOTH = {"current_password": PASSWORD, "new_password": NEW}


async def status(service: Service, tokens: Tokens) -> int:
    return (await service.client.get(ME, headers=tokens.header)).status_code


async def login(service: Service, user: User, password: str) -> int:
    body = {"username": user.username, "password": password}
    return (await service.client.post(LOGIN, json=body)).status_code


async def test_a_changed_password_ends_every_other_session(service: Service) -> None:
    user = await make_user(service)
    here, elsewhere = await signed_in(service, user), await signed_in(service, user)

    response = await service.client.post(CHANGE, json=BOTH, headers=here.header)

    refreshed = await service.client.post(
        "/api/v1/auth/refresh", json={"refresh_token": elsewhere.refresh}
    )
    assert response.status_code == 204
    assert (await status(service, here), await status(service, elsewhere)) == (200, 401)
    assert refreshed.status_code == 400
    assert (await login(service, user, PASSWORD), await login(service, user, NEW)) == (401, 200)


async def test_a_change_needs_the_current_password(service: Service) -> None:
    user = await make_user(service)
    header = (await signed_in(service, user)).header

    response = await service.client.post(
        CHANGE, json=BOTH | {"current_password": NEW}, headers=header
    )

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")
    assert await login(service, user, PASSWORD) == 200


async def test_an_account_without_a_password_has_none_to_change(service: Service) -> None:
    header = (await logged_in(service, password_hash=None)).header

    response = await service.client.post(CHANGE, json=BOTH, headers=header)

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")


async def test_guesses_of_a_stolen_session_are_counted(start: Start) -> None:
    async with start(login_failures_per_account=2) as service:
        header = (await logged_in(service)).header
        wrong = BOTH | {"current_password": NEW}
        answers = [await service.client.post(CHANGE, json=wrong, headers=header) for _ in "123"]

    assert [answer.status_code for answer in answers] == [403, 403, 429]


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
    assert await login(service, user, long[:72] + "#" + long[73:]) == 401
    assert await login(service, user, long.lower()) == 401
    assert await login(service, user, long) == 200
