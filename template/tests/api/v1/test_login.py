"""POST /auth/login and what a refused login gives away."""

import asyncio
from typing import Any

import pytest
from httpx2 import Response
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, update

from app.core.security.passwords import Passwords
from app.models.session import Session
from app.models.user import User
from tests.support.factories import PASSWORD, hashed, make_role, make_user
from tests.support.service import Service

LOGIN = "/api/v1/auth/login"


async def log_in(service: Service, user: User) -> Response:
    body = {"username": user.username, "password": PASSWORD}
    return await service.client.post(LOGIN, json=body)


def without_correlation_id(response: Response) -> tuple[int, dict[str, Any], str]:
    body = response.json()
    del body["correlation_id"]
    return response.status_code, body, response.headers["WWW-Authenticate"]


async def test_a_login_returns_tokens_and_who_they_are_for(service: Service) -> None:
    await make_role(service, "reader", "users:read", "reports:read")
    user = await make_user(service, roles=("reader",))

    response = await service.client.post(LOGIN, json={"email": user.email, "password": PASSWORD})

    body = response.json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert body.pop("access_token").count(".") == 2
    assert len(body.pop("refresh_token")) == 70
    assert body == {
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "reports:read users:read",
        "user_id": str(user.id),
        "email": user.email,
        "username": user.username,
        "is_new_user": False,
    }


@pytest.mark.parametrize("field", ["email", "username"])
async def test_either_name_is_taken_in_either_field_and_in_any_case(
    service: Service, field: str
) -> None:
    user = await make_user(service)

    for name in (user.email.upper(), user.username.upper()):
        response = await service.client.post(LOGIN, json={field: name, "password": PASSWORD})
        assert response.status_code == 200


async def test_every_refused_account_gets_the_same_answer(service: Service) -> None:
    user = await make_user(service)
    passwordless = await make_user(service, password_hash=None)
    disabled = await make_user(service, is_active=False)
    attempts = [user.username, passwordless.username, disabled.username, "nobody"]

    answers = [
        await service.client.post(LOGIN, json={"username": name, "password": "wrong " + PASSWORD})
        for name in attempts
    ]

    first = without_correlation_id(answers[0])
    assert first[0] == 401
    assert first[1]["code"] == "invalid_credentials"
    assert first[2] == "Bearer"
    assert all(without_correlation_id(answer) == first for answer in answers)


async def test_a_disabled_account_is_told_so_only_after_the_right_password(
    service: Service,
) -> None:
    response = await log_in(service, await make_user(service, is_active=False))

    assert (response.status_code, response.json()["code"]) == (403, "account_disabled")


@pytest.mark.parametrize(
    "body",
    [
        {"password": PASSWORD},
        {"email": "a@example.com", "username": "a", "password": PASSWORD},
        {"username": "a"},
        {"username": "a", "password": "x" * 1025},
        {"username": "a", "password": 7},
        {"username": "a" * 255, "password": PASSWORD},
        {"username": "a\x00", "password": PASSWORD},
        {"username": "a", "password": PASSWORD, "remember": True},
        [],
        "text",
        None,
    ],
)
async def test_a_malformed_login_is_refused(service: Service, body: object) -> None:
    response = await service.client.post(LOGIN, json=body)

    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert PASSWORD not in response.text


async def test_logins_at_once_renew_a_hash_with_older_parameters(service: Service) -> None:
    user = await make_user(service, password_hash=_weak_hash())

    answers = await asyncio.gather(*(log_in(service, user) for _ in range(4)))
    answers.append(await log_in(service, user))

    assert {answer.status_code for answer in answers} == {200}
    async with service.database.read() as session:
        stored = await session.get_one(User, user.id)
    assert stored.password_hash is not None
    assert stored.password_hash.split("$")[3] == hashed(PASSWORD).split("$")[3]


@pytest.mark.parametrize(
    ("is_weak", "column"),
    [(False, "is_active"), (False, "password_hash"), (True, "password_hash")],
)
async def test_a_login_whose_account_is_changed_meanwhile_gets_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch, is_weak: bool, column: str
) -> None:
    user = await make_user(service, password_hash=_weak_hash() if is_weak else hashed(PASSWORD))
    changes = {"is_active": False, "password_hash": hashed("seventeen green lighthouses")}
    verify = Passwords.verify

    async def while_it_is_changed(
        self: Passwords, password: str, password_hash: str | None
    ) -> tuple[bool, str | None]:
        verified = await verify(self, password, password_hash)
        async with service.database.write() as session:
            await session.execute(update(User).values({column: changes[column]}))
        return verified

    monkeypatch.setattr(Passwords, "verify", while_it_is_changed)
    response = await log_in(service, user)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    async with service.database.read() as session:
        stored = await session.get_one(User, user.id)
        assert getattr(stored, column) == changes[column]
        assert (await session.scalars(select(Session))).all() == []


def _weak_hash() -> str:
    return Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
