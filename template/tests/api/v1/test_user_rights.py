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


@pytest.mark.parametrize("facts", [{"is_superuser": True}, {"roles": ("admin",)}])
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_whoever_holds_more_is_out_of_reach(
    service: Service, tokens: Tokens, facts: dict[str, Any], method: str, path: str, body: Any
) -> None:
    target = await make_user(service, **facts)

    response = await service.client.request(
        method, f"{USERS}/{target.id}{path}", json=body, headers=tokens.header
    )

    assert response.status_code == 403
    assert response.json()["code"] == "insufficient_rights"


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_whoever_holds_no_more_is_in_reach(
    service: Service, tokens: Tokens, method: str, path: str, body: Any
) -> None:
    target = await make_user(service, roles=("manager",))

    response = await service.client.request(
        method, f"{USERS}/{target.id}{path}", json=body, headers=tokens.header
    )

    assert response.status_code in {200, 204}


async def test_nobody_makes_themselves_a_superuser(
    service: Service, manager: User, tokens: Tokens
) -> None:
    attempts = [
        await service.client.patch(path, json={"is_superuser": True}, headers=tokens.header)
        for path in (f"{USERS}/me", f"{USERS}/{manager.id}")
    ]

    assert [attempt.status_code for attempt in attempts] == [422, 403]
    me = await service.client.get(f"{USERS}/me", headers=tokens.header)
    assert me.json()["is_superuser"] is False


@pytest.mark.parametrize("rights", [{"roles": ["admin"]}, {"is_superuser": True}])
async def test_nobody_creates_a_user_with_more_rights(
    service: Service, tokens: Tokens, rights: dict[str, Any]
) -> None:
    response = await service.client.post(USERS, json=NEW | rights, headers=tokens.header)

    assert response.status_code == 403
    assert response.json()["code"] == "insufficient_rights"


async def test_nobody_grants_themselves_a_role_with_more_rights(
    service: Service, manager: User, tokens: Tokens
) -> None:
    response = await service.client.put(
        f"{USERS}/{manager.id}/roles", json={"roles": ["manager", "admin"]}, headers=tokens.header
    )

    assert response.status_code == 403


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
        ("PUT", "", WHOLE),
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


async def test_users_change_their_own_name_and_username_alone(service: Service) -> None:
    tokens = await logged_in(service)

    changed = await service.client.patch(
        f"{USERS}/me", json={"full_name": "Ada", "username": "Ada"}, headers=tokens.header
    )
    cleared = await service.client.patch(
        f"{USERS}/me", json={"full_name": None}, headers=tokens.header
    )

    assert changed.json()["full_name"] == "Ada"
    assert cleared.json()["full_name"] is None
    assert cleared.json()["username"] == "ada"


@pytest.mark.parametrize(
    "field", ["email", "is_active", "is_superuser", "roles", "password", "email_verified", "id"]
)
async def test_users_cannot_change_anything_else_of_theirs(service: Service, field: str) -> None:
    tokens = await logged_in(service)

    response = await service.client.patch(f"{USERS}/me", json={field: "x"}, headers=tokens.header)

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["body", field]


async def test_users_honour_the_tag_of_what_they_read(service: Service) -> None:
    tokens = await logged_in(service)
    read = (await service.client.get(f"{USERS}/me", headers=tokens.header)).headers["ETag"]
    conditional = tokens.header | {"If-Match": read}

    answers = [
        await service.client.patch(f"{USERS}/me", json={"full_name": name}, headers=conditional)
        for name in ("First", "Second")
    ]

    assert [answer.status_code for answer in answers] == [200, 412]


async def test_a_username_of_another_is_taken(service: Service) -> None:
    await make_user(service, username="ada")
    tokens = await logged_in(service)

    response = await service.client.patch(
        f"{USERS}/me", json={"username": "ADA"}, headers=tokens.header
    )

    assert response.status_code == 409
    assert response.json()["code"] == "username_taken"
