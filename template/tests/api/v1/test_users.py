"""GET /users/me and the list of users."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.database.pagination import MAX_LIMIT
from app.models.user import User
from tests.support.factories import logged_in, make_role, make_user, signed_in
from tests.support.service import Service

ME = "/api/v1/users/me"
USERS = "/api/v1/users/"


async def reader(service: Service) -> dict[str, str]:
    await make_role(service, "reader", "users:read")
    return (await logged_in(service, roles=("reader",))).header


async def test_me_is_the_user_of_the_token(service: Service) -> None:
    user = await make_user(service, full_name="Ada Lovelace", roles=("member", "admin"))
    tokens = await signed_in(service, user)

    response = await service.client.get(ME, headers=tokens.header)

    body = response.json()
    created, updated = (
        datetime.fromisoformat(body.pop(f"{verb}_at")) for verb in ("created", "updated")
    )
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert created.utcoffset() == updated.utcoffset() == timedelta(0)
    assert body == {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "full_name": "Ada Lovelace",
        "is_active": True,
        "is_superuser": False,
        "email_verified": True,
        "roles": ["admin", "member"],
    }


async def test_me_without_a_token_is_challenged(service: Service) -> None:
    response = await service.client.get(ME)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["code"] == "not_authenticated"


async def test_a_token_in_the_query_is_not_read(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.get(ME, params={"access_token": tokens.access})

    assert response.status_code == 401


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearerx"])
async def test_another_scheme_is_not_authenticated(service: Service, scheme: str) -> None:
    tokens = await logged_in(service)

    response = await service.client.get(ME, headers={"Authorization": f"{scheme} {tokens.access}"})

    assert response.status_code == 401


async def test_authority_is_read_again_at_every_request(service: Service) -> None:
    await make_role(service, "reader", "users:read")
    user = await make_user(service, roles=("reader",))
    tokens = await signed_in(service, user)
    assert (await service.client.get(USERS, headers=tokens.header)).status_code == 200

    await change(service, user, roles=[])

    assert (await service.client.get(USERS, headers=tokens.header)).status_code == 403


async def test_a_disabled_user_is_out_at_the_next_request(service: Service) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)

    await change(service, user, is_active=False)

    assert (await service.client.get(ME, headers=tokens.header)).status_code == 401


async def test_a_deleted_user_is_out_at_the_next_request(service: Service) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)

    async with service.database.write() as session:
        await session.delete(await session.get_one(User, user.id))

    assert (await service.client.get(ME, headers=tokens.header)).status_code == 401


async def test_the_list_needs_its_permission(service: Service) -> None:
    member = await logged_in(service, roles=("member",))

    anonymous = await service.client.get(USERS)
    refused = await service.client.get(USERS, headers=member.header)

    assert anonymous.status_code == 401
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"


@pytest.mark.parametrize("facts", [{"is_superuser": True}, {"roles": ("admin",)}])
async def test_administrators_may_list(service: Service, facts: dict[str, Any]) -> None:
    tokens = await logged_in(service, **facts)

    response = await service.client.get(USERS, headers=tokens.header)

    assert response.status_code == 200


async def test_pages_are_complete_and_do_not_overlap(service: Service) -> None:
    header = await reader(service)
    for _ in range(4):
        await make_user(service)

    pages = [
        (await service.client.get(USERS, params={"skip": skip, "limit": 2}, headers=header)).json()
        for skip in (0, 2, 4)
    ]

    ids = [item["id"] for page in pages for item in page["items"]]
    assert len(ids) == len(set(ids)) == 5
    assert [page["has_next"] for page in pages] == [True, True, False]
    assert [page["has_prev"] for page in pages] == [False, True, True]
    assert [page["page"] for page in pages] == [1, 2, 3]
    assert {page["total"] for page in pages} == {5}
    assert {page["total_pages"] for page in pages} == {3}


async def test_a_page_past_the_end_is_empty(service: Service) -> None:
    header = await reader(service)

    response = await service.client.get(USERS, params={"skip": 2**31 - 1}, headers=header)

    assert response.status_code == 200
    assert response.json()["items"] == []
    assert response.json()["total"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "skip=-1",
        "skip=2147483648",
        "skip=1e3",
        "skip=",
        "skip=%00",
        "limit=0",
        "limit=-1",
        f"limit={MAX_LIMIT + 1}",
        "limit=1000000000000000000000000000000",
        "limit=NaN",
    ],
)
async def test_a_window_out_of_bounds_is_refused(service: Service, query: str) -> None:
    header = await reader(service)

    response = await service.client.get(f"{USERS}?{query}", headers=header)

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"][0] == "query"


async def test_the_list_never_shows_a_hash(service: Service) -> None:
    header = await reader(service)

    response = await service.client.get(USERS, headers=header)

    assert "argon2" not in response.text
    assert "password" not in response.text


async def change(service: Service, user: User, **facts: Any) -> None:
    async with service.database.write() as session:
        stored = await session.get_one(User, user.id)
        await session.refresh(stored, ["roles"])
        for name, value in facts.items():
            setattr(stored, name, value)
