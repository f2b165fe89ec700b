"""POST /auth/password/forgot and reset."""

import asyncio
from datetime import timedelta

import pytest

from app.models.user import User
from tests.support.events import recorded
from tests.support.factories import PASSWORD, Tokens, make_user, signed_in
from tests.support.mail import mailbox
from tests.support.service import Service, Start
from tests.support.time_travel import advance

# These tests take the mail away.
pytestmark = pytest.mark.own_service

CHANGE = "/api/v1/auth/password/change"
FORGOT = "/api/v1/auth/password/forgot"
RESET = "/api/v1/auth/password/reset"
VERIFY = "/api/v1/auth/verify-email"
ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"
NEW = "plum otter violin seventy"
BOTH = {"current_password": PASSWORD, "new_password": NEW}


async def status(service: Service, tokens: Tokens) -> int:
    return (await service.client.get(ME, headers=tokens.header)).status_code


async def login(service: Service, user: User, password: str) -> int:
    body = {"username": user.username, "password": password}
    return (await service.client.post(LOGIN, json=body)).status_code


async def test_a_reset_ends_every_session_and_proves_the_address(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service, email_verified=False)
    tokens = await signed_in(service, user)

    forgotten = await service.client.post(FORGOT, json={"email": user.email.upper()})
    token = await box.token(user.email)
    reset = await service.client.post(RESET, json={"token": token, "new_password": NEW})

    assert (forgotten.status_code, reset.status_code) == (202, 204)
    assert await status(service, tokens) == 401
    assert (await login(service, user, PASSWORD), await login(service, user, NEW)) == (401, 200)
    assert await box.subjects(user.email) == ["set a new password", "your password was changed"]
    me = await service.client.get(ME, headers=(await signed_in(service, user)).header)
    assert me.json()["email_verified"] is True


async def test_whoever_forgot_gets_the_same_answer(service: Service) -> None:
    box = mailbox(service)
    disabled = await make_user(service, is_active=False)
    known = await make_user(service)
    addresses = ["nobody@example.com", disabled.email, known.email]

    answers = [await service.client.post(FORGOT, json={"email": one}) for one in addresses]

    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert [len(await box.to(address)) for address in addresses] == [0, 0, 1]


async def test_a_reset_token_works_once_and_a_refused_password_leaves_it(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    await service.client.post(FORGOT, json={"email": user.email})
    token = await box.token(user.email)

    answers = [
        await service.client.post(RESET, json={"token": token, "new_password": password})
        for password in ("short", NEW, NEW)
    ]

    assert [answer.status_code for answer in answers] == [422, 204, 400]


async def test_of_many_at_once_one_reset_wins(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    await service.client.post(FORGOT, json={"email": user.email})
    body = {"token": await box.token(user.email), "new_password": NEW}

    answers = await asyncio.gather(*(service.client.post(RESET, json=body) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400]


async def test_a_new_token_takes_the_place_of_the_old(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    await service.client.post(FORGOT, json={"email": user.email})
    old = await box.token(user.email)
    await service.client.post(FORGOT, json={"email": user.email})

    response = await service.client.post(RESET, json={"token": old, "new_password": NEW})

    assert response.status_code == 400
    assert await box.token(user.email) != old


async def test_a_token_is_of_one_purpose(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    tokens = await signed_in(service, user)
    await service.client.post(FORGOT, json={"email": user.email})
    reset = await box.token(user.email)
    await service.client.post(
        "/api/v1/auth/email/change", json={"email": "new@example.com"}, headers=tokens.header
    )
    change = await box.token("new@example.com")
    others = [tokens.access, tokens.refresh, change]

    answers = [await service.client.post(VERIFY, json={"token": reset})]
    for token in others:
        body = {"token": token[:256], "new_password": NEW}
        answers.append(await service.client.post(RESET, json=body))
    bearers = [{"Authorization": f"Bearer {token}"} for token in (reset, change)]
    statuses = [(await service.client.get(ME, headers=one)).status_code for one in bearers]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert statuses == [401, 401]


async def test_a_reset_token_dies_with_the_address_it_was_sent_to(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    header = (await signed_in(service, user)).header
    await service.client.post(FORGOT, json={"email": user.email})
    reset = await box.token(user.email)
    change = {"email": "new@example.com"}
    await service.client.post("/api/v1/auth/email/change", json=change, headers=header)
    await service.client.post(VERIFY, json={"token": await box.token("new@example.com")})

    response = await service.client.post(RESET, json={"token": reset, "new_password": NEW})

    assert response.status_code == 400


async def test_a_reset_token_is_too_old_after_an_hour(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox(service)
    user = await make_user(service)
    await service.client.post(FORGOT, json={"email": user.email})
    token = await box.token(user.email)
    advance(monkeypatch, timedelta(minutes=60))

    response = await service.client.post(RESET, json={"token": token, "new_password": NEW})

    assert response.status_code == 400


async def test_a_reset_opens_a_locked_account(start: Start) -> None:
    async with start(login_failures_per_account=1) as service:
        box = mailbox(service)
        user = await make_user(service)
        failed = [await login(service, user, NEW) for _ in range(2)]
        await service.client.post(FORGOT, json={"email": user.email})
        body = {"token": await box.token(user.email), "new_password": NEW}
        await service.client.post(RESET, json=body)
        opened = await login(service, user, NEW)

    assert failed == [401, 429]
    assert opened == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [(FORGOT, {"email": "a@example.com"}), (RESET, {"token": "x", "new_password": NEW})],
)
async def test_resets_may_be_off(start: Start, path: str, body: dict[str, str]) -> None:
    async with start(password_reset_enabled=False) as service:
        response = await service.client.post(path, json=body)

    assert (response.status_code, response.json()["code"]) == (404, "password_reset_disabled")


async def test_a_change_and_a_reset_are_security_events(service: Service) -> None:
    box, events = mailbox(service), recorded(service)
    user = await make_user(service)
    await service.client.post(CHANGE, json=BOTH, headers=(await signed_in(service, user)).header)
    await service.client.post(FORGOT, json={"email": user.email})
    body = {"token": await box.token(user.email), "new_password": PASSWORD}
    await service.client.post(RESET, json=body)

    actions = [(event.action, event.actor_id) for event in events]
    assert actions == [("auth.password.changed", user.id), ("auth.password.reset", user.id)]
    assert PASSWORD not in str(events)
