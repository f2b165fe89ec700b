"""What users see and change of their own account, and that rights are read at each request."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.models.user import User
from tests.support.factories import logged_in, make_role, make_user, signed_in
from tests.support.service import Service

ME = "/api/v1/users/me"


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


@pytest.mark.parametrize(("change", "status"), [({"roles": []}, 403), ({"is_active": False}, 401)])
async def test_authority_is_read_again_at_every_request(
    service: Service, change: dict[str, Any], status: int
) -> None:
    await make_role(service, "reader", "users:read")
    user = await make_user(service, roles=("reader",))
    tokens = await signed_in(service, user)
    before = await service.client.get("/api/v1/users", headers=tokens.header)

    async with service.database.write() as session:
        stored = await session.get_one(User, user.id)
        await session.refresh(stored, ["roles"])
        for name, value in change.items():
            setattr(stored, name, value)

    after = await service.client.get("/api/v1/users", headers=tokens.header)
    assert (before.status_code, after.status_code) == (200, status)


async def test_users_change_their_own_name_and_username(service: Service) -> None:
    tokens = await logged_in(service)

    changed = await service.client.patch(
        ME, json={"full_name": "Ada", "username": "Ada"}, headers=tokens.header
    )
    cleared = await service.client.patch(ME, json={"full_name": None}, headers=tokens.header)

    assert changed.json()["full_name"] == "Ada"
    assert cleared.json()["full_name"] is None
    assert cleared.json()["username"] == "ada"


@pytest.mark.parametrize(
    "field", ["email", "is_active", "is_superuser", "roles", "password", "email_verified", "id"]
)
async def test_users_cannot_change_anything_else_of_theirs(service: Service, field: str) -> None:
    tokens = await logged_in(service)

    response = await service.client.patch(ME, json={field: "x"}, headers=tokens.header)

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["body", field]


async def test_a_username_of_another_is_taken(service: Service) -> None:
    await make_user(service, username="ada")
    tokens = await logged_in(service)

    response = await service.client.patch(ME, json={"username": "ADA"}, headers=tokens.header)

    assert (response.status_code, response.json()["code"]) == (409, "username_taken")
