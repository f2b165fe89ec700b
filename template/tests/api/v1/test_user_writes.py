"""Creating, changing and removing users: what is stored, what is answered, what is refused."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response

from app.core import registry
from app.models.user import User
from app.services.users import AddressRules
from tests.support.factories import PASSWORD, logged_in, login, make_user, signed_in
from tests.support.service import Service

USERS = "/api/v1/users"
ADA: dict[str, Any] = {"email": "ada@example.com", "username": "ada"}
NEW = ADA | {"password": PASSWORD}

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
    assert created.json() | ADA | {"full_name": "Ada Lovelace"} == created.json()
    assert created.json()["roles"] == ["member"]
    assert created.json()["is_active"] is True
    assert created.json()["is_superuser"] is False
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


@pytest.mark.parametrize(
    ("twin", "code"),
    [
        ({"email": "ADA@example.com"}, "email_taken"),
        ({"username": "Ada"}, "username_taken"),
    ],
)
async def test_an_email_and_a_username_are_taken_once_in_any_case(
    service: Service, root: Header, twin: dict[str, str], code: str
) -> None:
    await make_user(service, **ADA)
    other = {"email": "other@example.com", "username": "other", "password": PASSWORD}

    response = await service.client.post(USERS, json=other | twin, headers=root)

    assert response.status_code == 409
    assert response.json()["code"] == code


@pytest.mark.parametrize("column", ["email", "username"])
async def test_two_creations_at_once_store_one(service: Service, root: Header, column: str) -> None:
    other = {"email": "other@example.com", "username": "other", "password": PASSWORD}
    bodies = [NEW, other | {column: ADA[column]}]

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


@pytest.mark.parametrize("column", ["email", "username", "is_active", "is_superuser"])
async def test_what_must_be_there_cannot_be_cleared(
    service: Service, root: Header, column: str
) -> None:
    user = await make_user(service)

    assert (await change(service, root, user, **{column: None})).status_code == 422


@pytest.mark.own_service
@pytest.mark.parametrize("vouch", [True, False])
async def test_an_administrator_may_vouch_for_an_address(
    service: Service, root: Header, vouch: bool
) -> None:
    registry.get(service.app, AddressRules).administrators_vouch = vouch
    user = await make_user(service)

    created = await service.client.post(USERS, json=NEW, headers=root)
    renamed = await change(service, root, user, full_name="Ada")
    moved = await change(service, root, user, email="other@example.com")

    verified = [answer.json()["email_verified"] for answer in (created, renamed, moved)]
    assert verified == [vouch, True, vouch]


async def test_a_replacement_says_everything(service: Service, root: Header) -> None:
    user = await make_user(service, full_name="Ada")
    whole = ADA | {"is_active": True, "is_superuser": False}
    path = f"{USERS}/{user.id}"

    partial = await service.client.put(path, json=ADA, headers=root)
    replaced = await service.client.put(path, json=whole, headers=root)

    assert partial.status_code == 422
    assert replaced.status_code == 200
    assert replaced.json() == replaced.json() | whole | {"full_name": None}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_of_another_state_is_refused(
    service: Service, root: Header, method: str
) -> None:
    user = await make_user(service)
    path = f"{USERS}/{user.id}"
    body = None if method == "DELETE" else ADA | {"is_active": True, "is_superuser": False}
    read = (await service.client.get(path, headers=root)).headers["ETag"]
    await change(service, root, user, full_name="Changed meanwhile")

    stale = await service.client.request(method, path, json=body, headers=root | {"If-Match": read})
    now = (await service.client.get(path, headers=root)).headers["ETag"]
    fresh = await service.client.request(
        method, path, json=body, headers=root | {"If-Match": f'"another", {now}'}
    )

    assert stale.status_code == 412
    assert stale.json()["code"] == "state_changed"
    assert fresh.status_code in {200, 204}


async def test_of_two_changes_of_one_state_one_is_refused(service: Service, root: Header) -> None:
    user = await make_user(service)
    path = f"{USERS}/{user.id}"
    tag = (await service.client.get(path, headers=root)).headers["ETag"]

    answers = await asyncio.gather(
        *(
            service.client.patch(path, json={"full_name": name}, headers=root | {"If-Match": tag})
            for name in ("First", "Second")
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_a_removed_user_is_gone(service: Service, root: Header) -> None:
    user = await make_user(service, roles=("member",))
    tokens = await signed_in(service, user)

    removed = await service.client.delete(f"{USERS}/{user.id}", headers=root)
    found = await service.client.get(f"{USERS}/{user.id}", headers=root)
    theirs = await service.client.get(f"{USERS}/me", headers=tokens.header)

    assert removed.status_code == 204
    assert removed.content == b""
    assert found.status_code == 404
    assert found.json()["code"] == "user_not_found"
    assert theirs.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/activate"),
        ("POST", "/deactivate"),
        ("POST", "/logout-all"),
        ("PUT", "/roles"),
    ],
)
async def test_an_absent_user_is_not_found(
    service: Service, root: Header, method: str, path: str
) -> None:
    bodies: dict[str, Any] = {"PATCH": {}, "PUT": {"roles": []}}

    response = await service.client.request(
        method, f"{USERS}/{uuid4()}{path}", json=bodies.get(method), headers=root
    )

    assert response.status_code == 404
    assert response.json()["code"] == "user_not_found"


async def test_deactivation_ends_every_session_at_once(service: Service, root: Header) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)

    answers = [
        await service.client.post(f"{USERS}/{user.id}/{verb}", headers=root)
        for verb in ("deactivate", "activate")
    ]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert (await service.client.get(f"{USERS}/me", headers=tokens.header)).status_code == 401
    assert await login(service, user)


async def test_an_administrator_ends_all_sessions_of_a_user(service: Service, root: Header) -> None:
    user = await make_user(service)
    sessions = [await signed_in(service, user) for _ in range(2)]
    bystander = await logged_in(service)

    ended = await service.client.post(f"{USERS}/{user.id}/logout-all", headers=root)

    answers = [
        (await service.client.get(f"{USERS}/me", headers=tokens.header)).status_code
        for tokens in (*sessions, bystander)
    ]
    refreshed = await service.client.post(
        "/api/v1/auth/refresh", json={"refresh_token": sessions[0].refresh}
    )
    assert ended.status_code == 204
    assert answers == [401, 401, 200]
    assert refreshed.json()["error"] == "invalid_grant"
