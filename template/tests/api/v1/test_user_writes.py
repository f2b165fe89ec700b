"""Creating, changing and removing users: what is stored, what is answered, what is refused."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from sqlalchemy import update

from app.core import clock
from app.core.security.events import SecurityEvent
from app.models.session import Session
from app.models.user import User
from app.services.users import ADMINISTRATORS_VOUCH
from tests.support.factories import (
    PASSWORD,
    logged_in,
    login,
    login_status,
    make_user,
    refresh,
    signed_in,
    status_of_me,
)
from tests.support.service import Service

USERS = "/api/v1/users"
ADA: dict[str, Any] = {"email": "ada@example.com", "username": "ada"}
NEW = ADA | {"password": PASSWORD}
OTHER = {"email": "other@example.com", "username": "other", "password": PASSWORD}
NEW_PASSWORD = "plum otter violin seventy"

type Header = dict[str, str]


@pytest.fixture
async def root(service: Service) -> Header:
    return (await logged_in(service, username="root", is_superuser=True)).header


async def change(service: Service, root: Header, user: User, **values: Any) -> Response:
    return await service.client.patch(f"{USERS}/{user.id}", json=values, headers=root)


async def test_a_created_user_is_found_at_its_location(service: Service, root: Header) -> None:
    body = NEW | {"email": "Ada@Example.com", "full_name": "Ada Lovelace", "roles": ["member"]}

    created = await service.client.post(f"{USERS}/", json=body, headers=root)
    found = await service.client.get(created.headers["Location"], headers=root)

    assert created.status_code == 201
    assert found.json() == created.json()
    assert found.headers["ETag"] == created.headers["ETag"]
    expected = ADA | {"full_name": "Ada Lovelace", "roles": ["member"]}
    expected |= {"is_active": True, "is_superuser": False}
    assert created.json() == created.json() | expected
    assert PASSWORD not in created.text
    assert await login(service, User(username="ada"))


@pytest.mark.parametrize(
    "change",
    [
        {"email": "not an address"},
        {"username": "a"},
        {"username": "white space"},
        {"username": "ada@example.com"},
        {"username": "a" * 65},
        {"full_name": "x" * 201},
        {"full_name": "a\x00b"},
        {"roles": ["nobody-made-this"]},
        {"roles": ["member"] * 51},
        {"is_active": None},
        {"is_superuser": 0},
        {"id": "0198c0de-0000-7000-8000-000000000000"},
        {"password_hash": "x"},
        {"email_verified": True},
    ],
)
async def test_what_is_not_documented_is_not_created(
    service: Service, root: Header, change: dict[str, Any]
) -> None:
    response = await service.client.post(USERS, json=NEW | change, headers=root)

    listed = await service.client.get(f"{USERS}/", params={"q": "ada"}, headers=root)
    assert response.status_code == 422
    assert listed.json()["total"] == 0


@pytest.mark.parametrize("column", ["email", "username"])
async def test_of_two_creations_at_once_with_one_name_in_any_case_one_is_stored(
    service: Service, root: Header, column: str
) -> None:
    bodies = [NEW, OTHER | {column: ADA[column].upper()}]

    answers = await asyncio.gather(
        *(service.client.post(USERS, json=body, headers=root) for body in bodies)
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json().get("code") for answer in answers} == {None, f"{column}_taken"}


async def test_what_is_absent_stays_and_null_clears(service: Service, root: Header) -> None:
    user = await make_user(service, full_name="Ada", **ADA)

    renamed = await change(service, root, user, username="lovelace")
    cleared = await change(service, root, user, full_name=None)

    assert renamed.json()["full_name"] == "Ada"
    assert cleared.json()["full_name"] is None
    assert cleared.json()["username"] == "lovelace"


@pytest.mark.parametrize("column", ["email", "username", "is_active", "is_superuser", "password"])
async def test_what_must_be_there_cannot_be_cleared(
    service: Service, root: Header, column: str
) -> None:
    user = await make_user(service)

    assert (await change(service, root, user, **{column: None})).status_code == 422


async def test_an_administrator_may_vouch_for_an_address(service: Service, root: Header) -> None:
    user = await make_user(service)

    created = await service.client.post(USERS, json=NEW, headers=root)
    renamed = await change(service, root, user, full_name="Ada")
    moved = await change(service, root, user, email="other@example.com")

    verified = [answer.json()["email_verified"] for answer in (created, renamed, moved)]
    assert verified == [ADMINISTRATORS_VOUCH, True, ADMINISTRATORS_VOUCH]


async def test_a_replacement_says_everything(service: Service, root: Header) -> None:
    user = await make_user(service, full_name="Ada")
    whole = ADA | {"is_active": True, "is_superuser": False}
    path = f"{USERS}/{user.id}"

    partial = await service.client.put(path, json=ADA, headers=root)
    replaced = await service.client.put(path, json=whole, headers=root)

    assert partial.status_code == 422
    assert replaced.status_code == 200
    assert replaced.json() == replaced.json() | whole | {"full_name": None}


async def test_a_removed_user_is_gone(service: Service, root: Header) -> None:
    user = await make_user(service, roles=("member",))
    tokens = await signed_in(service, user)

    removed = await service.client.delete(f"{USERS}/{user.id}", headers=root)
    found = await service.client.get(f"{USERS}/{user.id}", headers=root)

    assert (removed.status_code, removed.content) == (204, b"")
    assert (found.status_code, found.json()["code"]) == (404, "user_not_found")
    assert await status_of_me(service, tokens) == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("PATCH", "", {"password": NEW_PASSWORD}),
        ("DELETE", "", None),
        ("POST", "/activate", None),
        ("POST", "/deactivate", None),
        ("POST", "/logout-all", None),
        ("PUT", "/roles", {"roles": []}),
    ],
)
async def test_an_absent_user_is_not_found(
    service: Service, root: Header, method: str, path: str, body: object
) -> None:
    response = await service.client.request(
        method, f"{USERS}/{uuid4()}{path}", json=body, headers=root
    )

    assert (response.status_code, response.json()["code"]) == (404, "user_not_found")


async def test_deactivation_ends_every_session_at_once(service: Service, root: Header) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)

    answers = [
        await service.client.post(f"{USERS}/{user.id}/{verb}", headers=root)
        for verb in ("deactivate", "activate")
    ]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert await status_of_me(service, tokens) == 401
    assert await login(service, user)


async def test_an_administrator_ends_all_sessions_of_a_user(service: Service, root: Header) -> None:
    user = await make_user(service)
    sessions = [await signed_in(service, user) for _ in range(2)]
    bystander = await logged_in(service)

    ended = await service.client.post(f"{USERS}/{user.id}/logout-all", headers=root)

    assert ended.status_code == 204
    answers = [await status_of_me(service, tokens) for tokens in (*sessions, bystander)]
    assert answers == [401, 401, 200]
    refreshed = await refresh(service, sessions[0].refresh)
    assert refreshed.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("facts", [{}, {"password_hash": None}])
async def test_a_new_password_ends_every_session(
    service: Service, security_events: list[SecurityEvent], method: str, facts: dict[str, Any]
) -> None:
    admin, user = await make_user(service, is_superuser=True), await make_user(service, **facts)
    header, theirs = (await signed_in(service, admin)).header, await signed_in(service, user)
    body: dict[str, Any] = {"password": NEW_PASSWORD}
    if method == "PUT":
        body |= {"email": user.email, "username": user.username}
        body |= {"is_active": True, "is_superuser": False}

    path = f"{USERS}/{user.id}"
    response = await service.client.request(method, path, json=body, headers=header)

    assert response.status_code == 200
    (event,) = security_events
    assert (event.action, event.actor_id) == ("user.password_set", admin.id)
    assert event.target == f"user:{user.id}"
    assert NEW_PASSWORD not in response.text + str(event)
    assert await status_of_me(service, theirs) == 401
    assert await login_status(service, user, PASSWORD) == 401
    assert await login_status(service, user, NEW_PASSWORD) == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("only 14 chars!", "password_too_short"),
        ("known-known-known", "password_blocked"),
        ("", "password_too_short"),
        (1, "validation_failed"),
        ("x" * 1025, "validation_failed"),
    ],
)
async def test_what_is_no_password_is_refused(
    service: Service, root: Header, password: object, code: str
) -> None:
    user = await make_user(service, username="known")

    response = await change(service, root, user, password=password)

    assert (response.status_code, response.json()["code"]) == (422, code)
    assert await login_status(service, user) == 200


async def test_a_new_password_needs_a_recent_login(service: Service, root: Header) -> None:
    user = await make_user(service)
    async with service.database.write() as session:
        an_hour_ago = clock.now() - timedelta(hours=1)
        await session.execute(update(Session).values(authenticated_at=an_hour_ago))

    refused = await change(service, root, user, password=NEW_PASSWORD)
    other = await change(service, root, user, full_name="Ada")

    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert other.status_code == 200
    assert await login_status(service, user) == 200


async def test_an_own_password_is_changed_with_the_current_one_only(service: Service) -> None:
    admin = await make_user(service, is_superuser=True)
    header = (await signed_in(service, admin)).header

    refused = await change(service, header, admin, password=NEW_PASSWORD)

    assert (refused.status_code, refused.json()["code"]) == (403, "own_password")
    assert await login_status(service, admin) == 200
