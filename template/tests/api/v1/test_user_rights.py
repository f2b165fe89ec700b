"""Nobody raises their own rights, grants what they do not hold, or takes the last superuser."""

import asyncio
from typing import Any

import pytest

from app.models.user import User
from tests.support.factories import Tokens, logged_in, make_role, make_user, signed_in
from tests.support.service import Service

USERS = "/api/v1/users"
MANAGED = ("users:read", "users:manage", "roles:manage")
PASSWORD = "plum otter violin seventy"
NEW = {"email": "new@example.com", "username": "new", "password": PASSWORD}
WHOLE = NEW | {"is_active": True, "is_superuser": False}
OWN = {name: value for name, value in WHOLE.items() if name != "password"}
CHANGES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"email": "taken-over@example.com"}),
    ("PATCH", "", {"password": PASSWORD}),
    ("PUT", "", WHOLE),
    ("DELETE", "", None),
    ("POST", "/activate", None),
    ("POST", "/deactivate", None),
    ("POST", "/logout-all", None),
    ("PUT", "/roles", {"roles": []}),
]


@pytest.fixture
async def manager(service: Service) -> User:
    await make_role(service, "manager", *MANAGED)
    return await make_user(service, username="manager", roles=("manager",))


@pytest.fixture
async def tokens(service: Service, manager: User) -> Tokens:
    return await signed_in(service, manager)


@pytest.mark.parametrize(
    ("facts", "statuses"),
    [
        ({"is_superuser": True}, {403}),
        ({"roles": ("admin",)}, {403}),
        ({"roles": ("manager",)}, {200, 204}),
    ],
)
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_whoever_holds_more_is_out_of_reach(
    service: Service,
    tokens: Tokens,
    facts: dict[str, Any],
    statuses: set[int],
    method: str,
    path: str,
    body: Any,
) -> None:
    target = await make_user(service, **facts)

    response = await service.client.request(
        method, f"{USERS}/{target.id}{path}", json=body, headers=tokens.header
    )

    assert response.status_code in statuses
    assert statuses != {403} or response.json()["code"] == "insufficient_rights"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", NEW | {"roles": ["admin"]}),
        ("POST", "", NEW | {"is_superuser": True}),
        ("PATCH", "/{id}", {"is_superuser": True}),
        ("PUT", "/{id}/roles", {"roles": ["manager", "admin"]}),
    ],
)
async def test_nobody_makes_a_user_with_more_rights_than_theirs(
    service: Service, manager: User, tokens: Tokens, method: str, path: str, body: Any
) -> None:
    path = USERS + path.format(id=manager.id)
    response = await service.client.request(method, path, json=body, headers=tokens.header)

    assert (response.status_code, response.json()["code"]) == (403, "insufficient_rights")


async def test_the_permission_for_users_does_not_set_roles(service: Service) -> None:
    await make_role(service, "clerk", "users:manage")
    clerk = await logged_in(service, roles=("clerk",))
    target = await make_user(service)

    response = await service.client.put(
        f"{USERS}/{target.id}/roles", json={"roles": []}, headers=clerk.header
    )

    assert response.status_code == 403
    assert response.json()["code"] == "permission_denied"


async def test_a_superuser_makes_another(service: Service) -> None:
    root = await logged_in(service, is_superuser=True)
    target = await make_user(service)

    response = await service.client.patch(
        f"{USERS}/{target.id}", json={"is_superuser": True}, headers=root.header
    )

    assert response.status_code == 200
    assert response.json()["is_superuser"] is True


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"is_superuser": False}),
        ("PATCH", "", {"is_active": False}),
        ("PUT", "", OWN),
        ("DELETE", "", None),
        ("POST", "/deactivate", None),
    ],
)
async def test_the_last_active_superuser_stays(
    service: Service, method: str, path: str, body: Any
) -> None:
    root = await make_user(service, is_superuser=True)
    await make_user(service, is_superuser=True, is_active=False)
    tokens = await signed_in(service, root)

    response = await service.client.request(
        method, f"{USERS}/{root.id}{path}", json=body, headers=tokens.header
    )

    assert response.status_code == 409
    assert response.json()["code"] == "last_superuser"
    assert (await service.client.get(f"{USERS}/me", headers=tokens.header)).status_code == 200


@pytest.mark.parametrize("round_", range(3))
async def test_two_superusers_cannot_demote_each_other_at_once(
    service: Service, round_: int
) -> None:
    pair = [await make_user(service, is_superuser=True) for _ in range(2)]
    tokens = [await signed_in(service, user) for user in pair]

    answers = await asyncio.gather(
        *(
            service.client.patch(
                f"{USERS}/{other.id}", json={"is_superuser": False}, headers=own.header
            )
            for own, other in zip(tokens, reversed(pair), strict=True)
        )
    )

    me = [await service.client.get(f"{USERS}/me", headers=own.header) for own in tokens]
    # The second is refused as the last one, or is no superuser any more when it is looked at.
    refused, done = sorted((answer.status_code for answer in answers), reverse=True)
    assert done == 200
    assert refused in {403, 409}
    assert sorted(answer.json()["is_superuser"] for answer in me) == [False, True]
