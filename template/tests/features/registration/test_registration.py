"""POST /auth/register and /auth/verify-email: what is answered, and what is mailed to whom."""

import json
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.features.registration.models import OneTimeToken
from app.features.registration.repository import digest
from app.models.role import Role
from app.models.user import User
from tests.support.events import recorded
from tests.support.factories import PASSWORD, logged_in, make_user, signed_in
from tests.support.mail import delivered, mailbox
from tests.support.service import Service, Start
from tests.support.smtp import sink
from tests.support.time_travel import advance

# These tests take the mail away.
pytestmark = pytest.mark.own_service

REGISTER = "/api/v1/auth/register"
VERIFY = "/api/v1/auth/verify-email"
LOGIN = "/api/v1/auth/login"
ADA = {"email": "Ada@example.com", "username": "Ada", "password": PASSWORD, "full_name": "Ada L."}


def seen(response: Response) -> tuple[int, dict[str, Any]]:
    body = response.json()
    body.pop("correlation_id", None)
    return response.status_code, body


async def users(service: Service) -> list[User]:
    async with service.database.read() as session:
        return list((await session.scalars(select(User))).all())


async def test_a_new_account_belongs_to_who_confirms_its_address(service: Service) -> None:
    box = mailbox(service)

    registered = await service.client.post(REGISTER, json=ADA)
    (before,) = await users(service)
    verified = await service.client.post(VERIFY, json={"token": await box.token("ada@example.com")})
    login = await service.client.post(LOGIN, json={"username": "ada", "password": PASSWORD})

    (user,) = await users(service)
    assert registered.status_code == 202
    assert registered.json().keys() == {"message"}
    assert verified.status_code == 204
    assert login.status_code == 200
    assert (before.email_verified, user.email_verified) == (False, True)
    assert (user.email, user.username, user.full_name) == ("ada@example.com", "ada", "Ada L.")
    assert (user.is_active, user.is_superuser) == (True, False)


async def test_a_new_account_is_a_member(service: Service) -> None:
    async with service.database.write() as session:
        member = await session.get(Role, "member")
        assert member is not None
        member.permissions = ["notes:read"]
    await service.client.post(REGISTER, json=ADA)

    login = await service.client.post(LOGIN, json={"username": "ada", "password": PASSWORD})

    assert login.json()["scope"] == "notes:read"


async def test_a_known_address_gets_another_mail_and_the_same_answer(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)

    known = await service.client.post(REGISTER, json=ADA | {"email": user.email.upper()})
    new = await service.client.post(REGISTER, json=ADA | {"username": "other"})

    assert seen(known) == seen(new)
    assert len(await users(service)) == 2
    assert await box.subjects(user.email) == ["you have an account already"]
    assert await box.subjects("ada@example.com") == ["confirm your address"]


async def test_a_taken_username_is_told(service: Service) -> None:
    await make_user(service, username="ada")

    response = await service.client.post(REGISTER, json=ADA)

    assert response.status_code == 422
    assert response.json()["code"] == "username_taken"


@pytest.mark.parametrize(
    ("password", "code"),
    [("only 14 chars!", "password_too_short"), ("ada ada@example.com 2026", "password_blocked")],
)
async def test_a_bad_password_is_told(service: Service, password: str, code: str) -> None:
    response = await service.client.post(REGISTER, json=ADA | {"password": password})

    assert response.status_code == 422
    assert response.json()["code"] == code
    assert password not in response.text


@pytest.mark.parametrize("field", ["is_superuser", "roles", "email_verified", "is_active"])
async def test_nobody_registers_with_rights(service: Service, field: str) -> None:
    response = await service.client.post(REGISTER, json=ADA | {field: True})

    assert response.status_code == 422
    assert await users(service) == []


async def test_registration_may_be_off(start: Start) -> None:
    async with start(registration_enabled=False) as service:
        response = await service.client.post(REGISTER, json=ADA)

    assert response.status_code == 404
    assert response.json()["code"] == "registration_disabled"


async def test_one_address_gets_three_mails_an_hour(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox(service)
    user = await make_user(service)
    forgot = {"email": user.email}

    statuses = [
        (await service.client.post("/api/v1/auth/password/forgot", json=forgot)).status_code
        for _ in range(5)
    ]
    statuses.append(
        (await service.client.post(REGISTER, json=ADA | {"email": user.email})).status_code
    )
    within = await box.to(user.email)
    advance(monkeypatch, timedelta(hours=1, seconds=1))
    await service.client.post("/api/v1/auth/password/forgot", json=forgot)

    assert statuses == [202] * 6
    assert len(within) == 3
    assert len(await box.to(user.email)) == 4


async def test_a_token_works_once(service: Service) -> None:
    box = mailbox(service)
    await service.client.post(REGISTER, json=ADA)
    token = await box.token("ada@example.com")

    answers = [await service.client.post(VERIFY, json={"token": token}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 400]
    assert answers[1].json()["code"] == "invalid_token"


async def test_a_token_is_too_old_after_an_hour(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox(service)
    await service.client.post(REGISTER, json=ADA)
    token = await box.token("ada@example.com")
    advance(monkeypatch, timedelta(minutes=60))

    response = await service.client.post(VERIFY, json={"token": token})

    assert response.status_code == 400


async def test_a_token_is_stored_as_its_hash(service: Service) -> None:
    box = mailbox(service)
    await service.client.post(REGISTER, json=ADA)
    token = await box.token("ada@example.com")

    async with service.database.read() as session:
        (row,) = (await session.scalars(select(OneTimeToken))).all()

    assert len(token) == 43  # 256 bits
    assert row.token_hash == digest(token)
    assert token not in str(vars(row))


@pytest.mark.parametrize("token", ["", "x" * 43, "\x00", "\ud800", "x" * 256])
async def test_whatever_is_no_token_is_refused(service: Service, token: str) -> None:
    body = json.dumps({"token": token})  # with escapes, as a client writes what is no text

    response = await service.client.post(
        VERIFY, content=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 400


async def test_a_login_may_need_a_confirmed_address_and_sends_a_new_token(start: Start) -> None:
    async with start(login_requires_verified_email=True) as service:
        box = mailbox(service)
        user = await make_user(service, email_verified=False)
        names = {"username": user.username}

        wrong = await service.client.post(LOGIN, json=names | {"password": "wrong " + PASSWORD})
        none = await box.to(user.email)
        right = await service.client.post(LOGIN, json=names | {"password": PASSWORD})
        await service.client.post(VERIFY, json={"token": await box.token(user.email)})
        login = await service.client.post(LOGIN, json=names | {"password": PASSWORD})

    assert (wrong.status_code, none) == (401, [])
    assert (right.status_code, right.json()["code"]) == (403, "email_unverified")
    assert login.status_code == 200


async def test_its_events_hold_no_secret(service: Service) -> None:
    box, events = mailbox(service), recorded(service)
    await service.client.post(REGISTER, json=ADA)
    token = await box.token("ada@example.com")
    await service.client.post(VERIFY, json={"token": token})

    assert [event.action for event in events] == ["user.registered", "user.email_verified"]
    assert token not in str(events)


async def test_a_token_arrives_by_a_real_server(start: Start) -> None:
    async with sink() as server, start(mail_url=server.url, frontend_url="https://a.test/") as one:
        await one.client.post(REGISTER, json=ADA)
        await delivered(one)
        (received,) = server.received
        plain = received.get_body(("plain",))
        assert plain is not None
        (link,) = [line for line in plain.get_content().splitlines() if line.startswith("https:")]

        answer = await one.client.post(VERIFY, json={"token": link.partition("#verify=")[2]})

    assert answer.status_code == 204
    assert received["To"] == "ada@example.com"


async def test_an_administrator_does_not_vouch_for_an_address_and_may_leave_the_password_out(
    service: Service,
) -> None:
    header = (await logged_in(service, is_superuser=True)).header
    body = {"email": "ada@example.com", "username": "ada"}

    created = await service.client.post("/api/v1/users", json=body, headers=header)

    assert created.status_code == 201
    assert created.json()["email_verified"] is False


CHANGE = "/api/v1/auth/email/change"


async def test_the_new_address_confirms_a_change_and_the_old_one_is_told(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    header = (await signed_in(service, user)).header

    requested = await service.client.post(CHANGE, json={"email": "New@example.com"}, headers=header)
    unchanged = (await service.client.get("/api/v1/users/me", headers=header)).json()["email"]
    token = await box.token("new@example.com")
    confirmed = await service.client.post(VERIFY, json={"token": token})
    changed = (await service.client.get("/api/v1/users/me", headers=header)).json()

    assert (requested.status_code, confirmed.status_code) == (202, 204)
    assert unchanged == user.email
    assert (changed["email"], changed["email_verified"]) == ("new@example.com", True)
    assert await box.subjects(user.email) == [
        "a change of your address was requested",
        "your address was changed",
    ]


async def test_somebody_elses_address_is_not_told_to_who_wants_it(service: Service) -> None:
    box = mailbox(service)
    other = await make_user(service)
    header = (await logged_in(service)).header

    known = await service.client.post(CHANGE, json={"email": other.email}, headers=header)
    new = await service.client.post(CHANGE, json={"email": "new@example.com"}, headers=header)

    assert seen(known) == seen(new)
    assert await box.subjects(other.email) == ["you have an account already"]


async def test_an_address_that_was_taken_meanwhile_is_a_conflict(service: Service) -> None:
    box = mailbox(service)
    header = (await logged_in(service)).header
    await service.client.post(CHANGE, json={"email": "new@example.com"}, headers=header)
    token = await box.token("new@example.com")
    await make_user(service, email="new@example.com")

    response = await service.client.post(VERIFY, json={"token": token})

    assert (response.status_code, response.json()["code"]) == (409, "email_taken")


async def test_a_token_for_an_address_that_was_left_does_not_confirm_another(
    service: Service,
) -> None:
    box = mailbox(service)
    await service.client.post(REGISTER, json=ADA)
    token = await box.token("ada@example.com")
    (user,) = await users(service)
    async with service.database.write() as session:
        stored = await session.get(User, user.id)
        assert stored is not None
        stored.email = "other@example.com"

    response = await service.client.post(VERIFY, json={"token": token})

    assert response.status_code == 400
    assert [user.email_verified for user in await users(service)] == [False]


async def test_an_administrators_change_of_an_address_is_told_to_the_old_one(
    service: Service,
) -> None:
    box = mailbox(service)
    user = await make_user(service)
    header = (await logged_in(service, is_superuser=True)).header

    await service.client.patch(
        f"/api/v1/users/{user.id}", json={"email": "new@example.com"}, headers=header
    )

    assert await box.subjects(user.email) == ["your address was changed"]
