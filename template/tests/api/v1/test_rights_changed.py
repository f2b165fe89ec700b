"""Whoever keeps principals is told of every change of sessions and rights, once it is committed."""

from typing import Any
from uuid import UUID

import pytest

from app.core import registry
from app.core.security.principal import Principal, Principals
from app.models.role import Role
from tests.support.factories import logged_in, make_role, make_user, signed_in
from tests.support.service import Service

# These tests replace a part.
pytestmark = pytest.mark.own_service

USERS = "/api/v1/users"


class Recorder:
    def __init__(self, principals: Principals) -> None:
        self._principals = principals
        self.forgotten: list[UUID | None] = []

    async def find(self, session_id: UUID, user_id: UUID) -> Principal | None:
        return await self._principals.find(session_id, user_id)

    async def forget(self, user_id: UUID | None) -> None:
        self.forgotten.append(user_id)


@pytest.fixture
def recorder(service: Service) -> Recorder:
    recorder = Recorder(registry.get(service.app, Principals))
    registry.add(service.app, Principals, recorder)
    return recorder


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/logout-all", None),
        ("POST", "/activate", None),
        ("POST", "/deactivate", None),
        ("DELETE", "", None),
        ("PATCH", "", {"is_superuser": True}),
        ("PATCH", "", {"password": "plum otter violin seventy"}),
        ("PUT", "/roles", {"roles": ["member"]}),
    ],
)
async def test_a_change_of_a_user_is_told(
    service: Service, recorder: Recorder, method: str, path: str, body: object
) -> None:
    admin = await logged_in(service, is_superuser=True)
    user = await make_user(service)

    response = await service.client.request(
        method, f"{USERS}/{user.id}{path}", json=body, headers=admin.header
    )

    assert response.status_code in {200, 204}, response.text
    assert set(recorder.forgotten) == {user.id}


async def test_a_refused_change_is_not_told(service: Service, recorder: Recorder) -> None:
    admin = await make_user(service, is_superuser=True)
    tokens = await signed_in(service, admin)

    response = await service.client.post(f"{USERS}/{admin.id}/deactivate", headers=tokens.header)

    assert response.status_code == 409
    assert recorder.forgotten == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_change_of_a_role_concerns_everybody(
    service: Service, recorder: Recorder, method: str
) -> None:
    admin = await logged_in(service, is_superuser=True)
    await make_role(service, "support", "users:read")
    body: dict[str, list[str]] | None = {"permissions": []} if method == "PUT" else None

    await service.client.request(method, "/api/v1/roles/support", json=body, headers=admin.header)

    async with service.database.read() as session:
        role = await session.get(Role, "support")
    assert (role.permissions if role else []) == []
    assert recorder.forgotten == [None]


@pytest.mark.parametrize(
    ("path", "body"), [("revoke", {"data": "token"}), ("refresh", {"json": "refresh_token"})]
)
async def test_the_end_of_a_session_is_told_once(
    service: Service, recorder: Recorder, path: str, body: dict[str, str]
) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)
    [(kind, field)] = body.items()
    request: dict[str, Any] = {kind: {field: tokens.refresh}}

    for _ in range(2):
        await service.client.post(f"/api/v1/auth/{path}", **request)

    assert recorder.forgotten == [user.id]
