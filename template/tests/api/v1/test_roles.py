"""Roles: named sets of permissions, within the rights of whoever changes them."""

import asyncio
from typing import Any

import pytest

from tests.support.factories import logged_in, make_role, make_user, signed_in
from tests.support.service import Service

ROLES = "/api/v1/roles"
USERS = "/api/v1/users"
EDITOR = {"name": "editor", "description": "Edits.", "permissions": ["users:read"]}

type Header = dict[str, str]


@pytest.fixture
async def root(service: Service) -> Header:
    return (await logged_in(service, is_superuser=True)).header


async def test_the_built_in_roles_are_there_and_stay(service: Service, root: Header) -> None:
    listed = await service.client.get(ROLES, headers=root)
    change: dict[str, Any] = {"permissions": []}

    answers = [
        await service.client.request(method, f"{ROLES}/{name}", json=body, headers=root)
        for name in ("admin", "member")
        for method, body in (("PUT", change), ("DELETE", None))
    ]

    assert {role["name"]: role["permissions"] for role in listed.json()} == {
        "admin": ["*"],
        "member": [],
    }
    assert {answer.status_code for answer in answers} == {409}
    assert {answer.json()["code"] for answer in answers} == {"role_built_in"}


async def test_a_role_is_made_changed_and_removed(service: Service, root: Header) -> None:
    created = await service.client.post(f"{ROLES}/", json=EDITOR, headers=root)
    path = created.headers["Location"]
    replaced = await service.client.put(path, json={"permissions": ["roles:manage"]}, headers=root)
    listed = await service.client.get(ROLES, headers=root)
    removed = await service.client.delete(path, headers=root)
    again = await service.client.delete(path, headers=root)

    assert created.status_code == 201
    assert created.json() == EDITOR
    assert replaced.json() == {
        "name": "editor",
        "description": "",
        "permissions": ["roles:manage"],
    }
    assert replaced.json() in listed.json()
    assert removed.status_code == 204
    assert again.status_code == 404
    assert again.json()["code"] == "role_not_found"


async def test_a_name_is_taken_once(service: Service, root: Header) -> None:
    answers = await asyncio.gather(
        *(service.client.post(ROLES, json=EDITOR, headers=root) for _ in range(2))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "Upper"},
        {"name": "../admin"},
        {"name": "a" * 65},
        {"permissions": ["users"]},
        {"permissions": ["users:*"]},
        {"permissions": ["USERS:READ"]},
        {"permissions": ["users:read "]},
        {"permissions": ["users:read\n"]},
        {"permissions": ["a:" + "b" * 63]},
        {"permissions": ["users:read"] * 201},
        {"permissions": "users:read"},
        {"permissions": None},
        {"description": "x" * 501},
        {"built_in": False},
    ],
)
async def test_what_is_not_a_role_is_refused(
    service: Service, root: Header, change: dict[str, Any]
) -> None:
    response = await service.client.post(ROLES, json=EDITOR | change, headers=root)

    assert response.status_code == 422
    assert len((await service.client.get(ROLES, headers=root)).json()) == 2


async def test_a_permission_works_from_the_next_request_on(service: Service, root: Header) -> None:
    await make_role(service, "editor")
    user = await make_user(service, roles=("editor",))
    tokens = await signed_in(service, user)

    statuses = []
    for permissions in (["users:read"], []):
        await service.client.put(f"{ROLES}/editor", json={"permissions": permissions}, headers=root)
        statuses.append((await service.client.get(USERS, headers=tokens.header)).status_code)
    removed = await service.client.delete(f"{ROLES}/editor", headers=root)

    me = await service.client.get(f"{USERS}/me", headers=tokens.header)
    assert statuses == [200, 403]
    assert removed.status_code == 204
    assert me.json()["roles"] == []


async def test_nobody_puts_rights_into_a_role_that_they_do_not_hold(service: Service) -> None:
    await make_role(service, "warden", "roles:manage")
    await make_role(service, "reader", "users:read")
    warden = (await logged_in(service, roles=("warden",))).header

    answers = [
        await service.client.post(ROLES, json=EDITOR, headers=warden),
        await service.client.post(ROLES, json=EDITOR | {"permissions": ["*"]}, headers=warden),
        await service.client.put(f"{ROLES}/warden", json={"permissions": ["*"]}, headers=warden),
        await service.client.put(f"{ROLES}/reader", json={"permissions": []}, headers=warden),
        await service.client.delete(f"{ROLES}/reader", headers=warden),
    ]
    within = await service.client.post(
        ROLES, json=EDITOR | {"permissions": ["roles:manage"]}, headers=warden
    )

    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["code"] for answer in answers} == {"insufficient_rights"}
    assert within.status_code == 201


async def test_the_roles_of_a_user_are_set_as_a_whole(service: Service, root: Header) -> None:
    user = await make_user(service, roles=("member",))
    path = f"{USERS}/{user.id}/roles"

    changed = await service.client.put(path, json={"roles": ["admin"]}, headers=root)
    unknown = await service.client.put(path, json={"roles": ["unheard-of"]}, headers=root)

    assert changed.json()["roles"] == ["admin"]
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_role")
