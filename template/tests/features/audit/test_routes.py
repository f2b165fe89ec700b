"""GET /audit, GET /audit/export, and what they hold after each change."""

import json
import tracemalloc
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from app.core import clock
from app.features.audit.repository import export
from app.features.audit.schemas import AuditFilters
from app.features.audit.trail import INSERT
from tests.support.factories import PASSWORD, login, make_role, make_user, signed_in
from tests.support.service import Service

AUDIT = "/api/v1/audit"
EXPORT = "/api/v1/audit/export"
LOGIN = "/api/v1/auth/login"


async def reader(service: Service) -> dict[str, str]:
    await make_role(service, "auditor", "audit:read")
    return (await signed_in(service, await make_user(service, roles=("auditor",)))).header


async def actions(service: Service, **filters: str) -> list[str]:
    response = await service.client.get(
        AUDIT, params={"order_by": "at", **filters}, headers=await reader(service)
    )
    assert response.status_code == 200, response.text
    return [item["action"] for item in response.json()["items"]]


async def filled(service: Service, count: int) -> None:
    rows: list[dict[str, Any]] = []
    for number in range(count):
        row: dict[str, Any] = dict.fromkeys(INSERT.table.columns.keys())
        row |= {"id": uuid7(), "at": clock.now(), "action": "test.done", "outcome": "success"}
        row["detail"] = {"number": number}
        rows.append(row)
    async with service.database.write() as session:
        await session.execute(INSERT, rows)


async def test_an_entry_says_who_what_and_from_where(service: Service) -> None:
    user = await make_user(service)
    await service.client.post(
        LOGIN,
        json={"username": user.username, "password": PASSWORD},
        headers={"User-Agent": "curl/8", "X-Correlation-Id": "c-1"},
    )

    response = await service.client.get(AUDIT, headers=await reader(service))

    (item,) = response.json()["items"]
    assert response.headers["Cache-Control"] == "no-store"
    assert item["action"] == "auth.login.succeeded"
    assert item["actor_id"] == str(user.id)
    assert item["target"].startswith("session:")
    assert item["at"].endswith("Z")
    assert (item["ip"], item["user_agent"], item["correlation_id"]) == (
        "127.0.0.1",
        "curl/8",
        "c-1",
    )
    assert set(item) == {
        "id", "at", "actor_id", "action", "target", "outcome", "ip", "user_agent",
        "correlation_id", "detail",
    }  # fmt: skip


async def test_a_refused_login_is_kept_although_the_answer_is_an_error(service: Service) -> None:
    user = await make_user(service)
    for name in (user.username, "nobody-" + PASSWORD):
        refused = await service.client.post(LOGIN, json={"username": name, "password": "wrong"})
        assert refused.status_code == 401

    response = await service.client.get(AUDIT, headers=await reader(service))

    items = response.json()["items"]
    assert [item["outcome"] for item in items] == ["failure", "failure"]
    assert [item["detail"]["reason"] for item in items] == ["unknown_account", "wrong_password"]
    assert items[1]["target"] == f"user:{user.id}"
    assert PASSWORD not in response.text


async def test_the_failure_that_locks_an_account_is_told_once(service: Service) -> None:
    user = await make_user(service)

    for _ in range(12):
        await service.client.post(LOGIN, json={"username": user.username, "password": "wrong"})

    assert await actions(service, action="auth.lockout") == ["auth.lockout"]


async def test_reuse_and_the_end_of_a_session_are_recorded(service: Service) -> None:
    user = await make_user(service)
    tokens = await login(service, user)
    await service.client.post("/api/v1/auth/logout", headers=tokens.header)
    other = await signed_in(service, user)
    for _ in range(2):
        body = {"refresh_token": other.refresh}
        answer = await service.client.post("/api/v1/auth/refresh", json=body)

    assert answer.status_code == 400
    assert await actions(service) == [
        "auth.login.succeeded",
        "auth.logout",
        "auth.token.reused",
    ]


async def test_every_change_of_accounts_and_roles_is_recorded(service: Service) -> None:
    admin = await make_user(service, is_superuser=True)
    header = (await signed_in(service, admin)).header
    client = service.client
    body: dict[str, Any] = {"name": "clerk", "permissions": ["a:read"]}
    await client.post("/api/v1/roles", json=body, headers=header)
    body = {"permissions": ["a:read", "a:write"]}
    await client.put("/api/v1/roles/clerk", json=body, headers=header)
    body = {"email": "new@example.com", "username": "new", "password": PASSWORD}
    created = await client.post("/api/v1/users", json=body, headers=header)
    location = created.headers["Location"]
    await client.put(f"{location}/roles", json={"roles": ["clerk"]}, headers=header)
    await client.patch(location, json={"full_name": "New Name"}, headers=header)
    await client.patch(location, json={"full_name": "New Name"}, headers=header)
    await client.post(f"{location}/deactivate", headers=header)
    await client.post(f"{location}/activate", headers=header)
    await client.post(f"{location}/logout-all", headers=header)
    await client.delete(location, headers=header)
    await client.delete("/api/v1/roles/clerk", headers=header)

    assert await actions(service, actor_id=str(admin.id)) == [
        "role.created",
        "role.changed",
        "user.created",
        "user.role.changed",
        "user.changed",
        "user.deactivated",
        "user.activated",
        "user.sessions_ended",
        "user.deleted",
        "role.removed",
    ]
    response = await service.client.get(AUDIT, headers=await reader_again(service))
    assert PASSWORD not in response.text
    assert "argon2" not in response.text


async def reader_again(service: Service) -> dict[str, str]:
    return (await signed_in(service, await make_user(service, roles=("auditor",)))).header


async def test_a_change_tells_what_was_and_what_is(service: Service) -> None:
    header = (await signed_in(service, await make_user(service, is_superuser=True))).header
    user = await make_user(service, full_name="Before")

    await service.client.patch(
        f"/api/v1/users/{user.id}", json={"full_name": "After"}, headers=header
    )

    params = {"target": f"user:{user.id}"}
    response = await service.client.get(AUDIT, params=params, headers=header)
    (item,) = response.json()["items"]
    assert item["detail"] == {"changes": {"full_name": ["Before", "After"]}}


async def test_a_refused_change_leaves_no_entry(service: Service) -> None:
    header = (await signed_in(service, await make_user(service, is_superuser=True))).header
    user = await make_user(service)
    body = {"email": user.email, "username": "another", "password": PASSWORD}

    refused = await service.client.post("/api/v1/users", json=body, headers=header)

    assert refused.status_code == 409
    assert await actions(service) == []


async def test_the_page_is_filtered_by_time(service: Service) -> None:
    await filled(service, 3)
    header = await reader(service)
    moment = clock.now().isoformat()

    before = await service.client.get(AUDIT, params={"to": moment}, headers=header)
    after = await service.client.get(AUDIT, params={"from": moment}, headers=header)

    assert (before.json()["total"], after.json()["total"]) == (3, 0)


@pytest.mark.parametrize("path", [AUDIT, EXPORT])
@pytest.mark.parametrize(
    "params",
    [
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"to": "9999-12-31T23:59:59-23:59"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"actor_id": "x"},
        {"action": "x" * 65},
        {"target": "\x00"},
        {"unknown": "x"},
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    service: Service, path: str, params: dict[str, str]
) -> None:
    response = await service.client.get(path, params=params, headers=await reader(service))

    assert response.status_code == 422


async def test_an_export_is_one_object_a_line_and_is_recorded(service: Service) -> None:
    await filled(service, 3)
    header = await reader(service)

    response = await service.client.get(EXPORT, params={"action": "test.done"}, headers=header)

    numbers = [json.loads(line)["detail"]["number"] for line in response.text.splitlines()]
    assert response.headers["Content-Type"].startswith("application/x-ndjson")
    assert response.headers["Cache-Control"] == "no-store"
    assert numbers == [0, 1, 2]
    page = await service.client.get(AUDIT, params={"action": "audit.exported"}, headers=header)
    assert page.json()["items"][0]["detail"] == {"filters": {"action": "test.done"}}


async def test_an_export_of_nothing_is_empty(service: Service) -> None:
    header = await reader(service)

    response = await service.client.get(EXPORT, params={"action": "never"}, headers=header)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.slow
async def test_an_export_of_50_000_rows_needs_little_memory(service: Service) -> None:
    for _ in range(10):
        await filled(service, 5_000)
    header = await reader(service)
    lines, size = 0, 0
    tracemalloc.start()

    async for part in export(service.database, AuditFilters()):
        lines += part.count(b"\n")
        size += len(part)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lines == 50_000
    assert peak < size / 2
    assert (await service.client.get(AUDIT, headers=header)).json()["total"] == 50_000
