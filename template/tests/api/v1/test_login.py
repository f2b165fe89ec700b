"""POST /auth/login and what a refused login gives away."""

import asyncio
from typing import Any

import pytest
from httpx2 import Response
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, update

from app.core import registry
from app.core.security.passwords import Passwords
from app.models.session import Session
from app.models.user import User
from app.services.auth import AuthService
from tests.support.factories import PASSWORD, hashed, make_role, make_user
from tests.support.service import Service

LOGIN = "/api/v1/auth/login"


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
async def test_names_are_compared_in_any_case(service: Service, field: str) -> None:
    user = await make_user(service)

    response = await service.client.post(
        LOGIN, json={field: getattr(user, field).upper(), "password": PASSWORD}
    )

    assert response.status_code == 200


async def test_a_username_may_be_sent_as_email_and_the_reverse(service: Service) -> None:
    user = await make_user(service)

    response = await service.client.post(LOGIN, json={"email": user.username, "password": PASSWORD})

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
    user = await make_user(service, is_active=False)

    response = await service.client.post(
        LOGIN, json={"username": user.username, "password": PASSWORD}
    )

    assert response.status_code == 403
    assert response.json()["code"] == "account_disabled"


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

    assert response.status_code == 422
    assert response.json()["code"] == "validation_failed"


async def test_a_refused_login_does_not_repeat_the_password(service: Service) -> None:
    response = await service.client.post(LOGIN, json={"password": "hunter2-" + PASSWORD})

    assert response.status_code == 422
    assert "hunter2" not in response.text


async def test_a_lone_surrogate_is_refused_and_no_failure(service: Service) -> None:
    user = await make_user(service)
    body = f'{{"username": "{user.username}", "password": "\\ud800{PASSWORD}"}}'

    response = await service.client.post(
        LOGIN, content=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code in {400, 401, 422}


async def test_every_login_starts_a_session_of_its_own(service: Service) -> None:
    user = await make_user(service)
    body = {"username": user.username, "password": PASSWORD}

    first = (await service.client.post(LOGIN, json=body)).json()
    second = (await service.client.post(LOGIN, json=body)).json()

    assert first["refresh_token"] != second["refresh_token"]


async def test_a_hash_with_older_parameters_is_renewed_at_login(service: Service) -> None:
    weak = "$argon2id$v=19$m=8192,t=1,p=1$"
    user = await make_user(service, password_hash=_weak_hash())
    assert user.password_hash is not None
    assert user.password_hash.startswith(weak)

    for _ in range(2):
        response = await service.client.post(
            LOGIN, json={"username": user.username, "password": PASSWORD}
        )
        assert response.status_code == 200

    async with service.database.read() as session:
        stored = await session.get(type(user), user.id)
    assert stored is not None
    assert stored.password_hash is not None
    assert not stored.password_hash.startswith(weak)


@pytest.mark.parametrize("is_weak", [True, False])
async def test_a_login_whose_password_is_changed_meanwhile_gets_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch, is_weak: bool
) -> None:
    user = await make_user(service)
    if is_weak:
        user = await make_user(service, password_hash=_weak_hash())
    changed, verify = hashed("seventeen green lighthouses"), Passwords.verify

    async def while_it_is_changed(
        self: Passwords, password: str, password_hash: str | None
    ) -> tuple[bool, str | None]:
        verified = await verify(self, password, password_hash)
        async with service.database.write() as session:
            await session.execute(update(User).values(password_hash=changed))
        return verified

    monkeypatch.setattr(Passwords, "verify", while_it_is_changed)
    response = await service.client.post(
        LOGIN, json={"username": user.username, "password": PASSWORD}
    )

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    async with service.database.read() as session:
        assert await session.scalar(select(User.password_hash)) == changed
        assert (await session.scalars(select(Session))).all() == []


async def test_logins_at_once_that_renew_one_hash_are_all_let_in(service: Service) -> None:
    user = await make_user(service, password_hash=_weak_hash())
    body = {"username": user.username, "password": PASSWORD}

    answers = await asyncio.gather(*(service.client.post(LOGIN, json=body) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {200}


async def test_a_login_whose_user_is_disabled_meanwhile_gets_no_session(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await make_user(service)
    auth = registry.get(service.app, AuthService)

    async def while_it_is_disabled(user: User) -> None:
        async with service.database.write() as session:
            await session.execute(update(User).values(is_active=False))

    monkeypatch.setattr(auth, "checks", [*auth.checks, while_it_is_disabled])
    response = await service.client.post(
        LOGIN, json={"username": user.username, "password": PASSWORD}
    )

    assert response.status_code == 401
    async with service.database.read() as session:
        assert (await session.scalars(select(Session))).all() == []


def _weak_hash() -> str:
    return Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
