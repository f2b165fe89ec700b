"""If-Match: of two changes of one state one is refused."""

import asyncio
from typing import Any

import pytest

from tests.support.factories import make_role, make_user, signed_in
from tests.support.service import Service

API = "/api/v1"
WHOLE = {"email": "new@example.com", "username": "new", "is_active": True, "is_superuser": True}


async def changed(service: Service, path: str, header: dict[str, str], text: str) -> str:
    """The tag after the change."""
    body: dict[str, Any] = {"full_name": text}
    if "/roles/" in path:
        body = {"permissions": [], "description": text}
    method = "PUT" if "/roles/" in path else "PATCH"
    response = await service.client.request(method, path, json=body, headers=header)
    assert response.status_code == 200, response.text
    return response.headers["ETag"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/users/{id}", WHOLE),
        ("PATCH", "/users/{id}", {}),
        ("DELETE", "/users/{id}", None),
        ("PUT", "/users/{id}/roles", {"roles": []}),
        ("PATCH", "/users/me", {}),
        ("PUT", "/roles/editor", {"permissions": []}),
        ("DELETE", "/roles/editor", None),
    ],
)
async def test_a_change_of_another_state_is_refused(
    service: Service, method: str, path: str, body: object
) -> None:
    user = await make_user(service, is_superuser=True)
    await make_user(service, is_superuser=True)
    await make_role(service, "editor")
    header = (await signed_in(service, user)).header
    path = API + path.format(id=user.id)
    resource = path.removesuffix("/roles")
    old = await changed(service, resource, header, "First")
    new = await changed(service, resource, header, "Second")

    stale, fresh = [
        await service.client.request(method, path, json=body, headers=header | {"If-Match": tags})
        for tags in (old, f'"another", {new}')
    ]

    assert (stale.status_code, stale.json()["code"]) == (412, "state_changed")
    assert fresh.status_code in {200, 204}


async def test_of_two_changes_of_one_state_one_is_refused(service: Service) -> None:
    user = await make_user(service, is_superuser=True)
    header = (await signed_in(service, user)).header
    path = f"{API}/users/{user.id}"
    tag = (await service.client.get(path, headers=header)).headers["ETag"]

    answers = await asyncio.gather(
        *(
            service.client.patch(path, json={"full_name": name}, headers=header | {"If-Match": tag})
            for name in ("First", "Second")
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
