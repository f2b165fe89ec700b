"""API keys: shown once, never more than their owner may, ended at once."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import event, select, update

from app.core import clock, registry
from app.core.security.events import SecurityEvent
from app.features.api_keys.authenticator import ApiKeyAuthenticator
from app.features.api_keys.models import ApiKey
from app.models.role import Role
from app.models.session import Session
from tests.support.events import actions
from tests.support.factories import Tokens, bearer, logged_in, make_role, make_user, signed_in
from tests.support.service import Service

KEYS = "/api/v1/api-keys"
ME = "/api/v1/users/me"
USERS = "/api/v1/users"


async def reader(service: Service) -> Tokens:
    """Of a user who may read users."""
    await make_role(service, "reader", "users:read")
    return await logged_in(service, roles=("reader",))


async def create(service: Service, tokens: Tokens, **fields: Any) -> Response:
    body = {"name": "nightly", "scopes": []} | fields
    return await service.client.post(KEYS, json=body, headers=tokens.header)


async def created(service: Service, tokens: Tokens, **fields: Any) -> dict[str, Any]:
    response = await create(service, tokens, **fields)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def status(service: Service, path: str, key: str) -> int:
    return (await service.client.get(path, headers=bearer(key))).status_code


async def listed(service: Service, tokens: Tokens) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await service.client.get(KEYS, headers=tokens.header)).json()
    return rows


async def use_written(service: Service) -> None:
    """Waits until the use of a key is written."""
    await registry.get(service.app, ApiKeyAuthenticator).close()


async def test_a_key_is_shown_once_and_listed_by_its_prefix(service: Service) -> None:
    tokens = await reader(service)

    body = await created(service, tokens, scopes=["users:read"])

    [row] = await listed(service, tokens)
    assert body["key"].startswith(row["prefix"] + "_")
    assert len(body["key"].removeprefix(row["prefix"] + "_")) == 43
    assert row == {name: value for name, value in body.items() if name != "key"}
    assert (row["name"], row["scopes"]) == ("nightly", ["users:read"])
    assert (row["expires_at"], row["last_used_at"]) == (None, None)


async def test_the_answer_with_the_key_is_not_stored_anywhere(
    service: Service, security_events: list[SecurityEvent]
) -> None:
    tokens = await logged_in(service)

    response = await create(service, tokens)

    async with service.database.read() as session:
        [row] = (await session.execute(select(ApiKey.__table__))).all()
    key = response.json()["key"]
    assert response.headers["Cache-Control"] == "no-store"
    assert hashlib.sha256(key.encode()).hexdigest() in row
    assert key not in str(row)
    assert actions(security_events) == ["api_key.created"]
    assert key not in str(security_events)


async def test_a_key_opens_what_its_scopes_name(service: Service) -> None:
    tokens = await reader(service)
    key = (await created(service, tokens, scopes=["users:read"]))["key"]

    assert await status(service, ME, key) == 200
    assert await status(service, USERS, key) == 200


async def test_a_right_of_the_owner_that_is_no_scope_stays_closed(service: Service) -> None:
    tokens = await reader(service)
    key = (await created(service, tokens))["key"]

    response = await service.client.get(USERS, headers=bearer(key))

    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_scope", scope="users:read"'
    )
    assert await status(service, ME, key) == 200


@pytest.mark.parametrize("scope", ["users:manage", "*"])
async def test_nobody_gives_a_key_what_they_do_not_hold(service: Service, scope: str) -> None:
    tokens = await reader(service)

    response = await create(service, tokens, scopes=["users:read", scope])

    assert response.status_code == 403
    assert response.json()["code"] == "insufficient_rights"
    assert await listed(service, tokens) == []


async def test_what_the_owner_loses_the_key_loses_at_once(service: Service) -> None:
    tokens = await reader(service)
    key = (await created(service, tokens, scopes=["users:read"]))["key"]
    async with service.database.write() as session:
        await session.execute(update(Role).where(Role.name == "reader").values(permissions=[]))

    assert await status(service, USERS, key) == 403
    assert await status(service, ME, key) == 200


async def test_a_key_of_a_superuser_is_none_unless_it_has_every_scope(service: Service) -> None:
    tokens = await logged_in(service, is_superuser=True)
    some = (await created(service, tokens, scopes=["users:manage"]))["key"]
    every = (await created(service, tokens, scopes=["*"]))["key"]
    victim = await make_user(service)

    answers = [
        await service.client.patch(
            f"{USERS}/{victim.id}", json={"is_superuser": True}, headers=bearer(key)
        )
        for key in (some, every)
    ]

    assert [answer.status_code for answer in answers] == [403, 200]


@pytest.mark.parametrize("end", ["deactivate", "delete"])
async def test_the_keys_of_an_ended_account_stop_at_once(service: Service, end: str) -> None:
    admin = await logged_in(service, is_superuser=True)
    user = await make_user(service)
    key = (await created(service, await signed_in(service, user)))["key"]
    assert await status(service, ME, key) == 200

    if end == "delete":
        await service.client.delete(f"{USERS}/{user.id}", headers=admin.header)
    else:
        await service.client.post(f"{USERS}/{user.id}/deactivate", headers=admin.header)

    assert await status(service, ME, key) == 401


async def test_a_key_outlives_the_sessions_of_its_owner(service: Service) -> None:
    tokens = await logged_in(service)
    key = (await created(service, tokens))["key"]

    await service.client.post("/api/v1/auth/logout-all", headers=tokens.header)

    assert await status(service, ME, key) == 200


async def test_a_revoked_key_stops_at_once(service: Service) -> None:
    tokens = await logged_in(service)
    body = await created(service, tokens)

    response = await service.client.delete(f"{KEYS}/{body['id']}", headers=tokens.header)

    assert response.status_code == 204
    assert await status(service, ME, body["key"]) == 401
    assert await listed(service, tokens) == []
    again = await service.client.delete(f"{KEYS}/{body['id']}", headers=tokens.header)
    assert again.json()["code"] == "api_key_not_found"


async def test_another_users_key_is_not_found_and_not_listed(service: Service) -> None:
    body = await created(service, await logged_in(service))
    stranger = await logged_in(service, is_superuser=True)

    response = await service.client.delete(f"{KEYS}/{body['id']}", headers=stranger.header)

    assert response.status_code == 404
    assert await listed(service, stranger) == []
    assert await status(service, ME, body["key"]) == 200


async def test_an_expired_key_is_refused(service: Service) -> None:
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    body = await created(service, await logged_in(service), expires_at=soon)
    before = await status(service, ME, body["key"])
    async with service.database.write() as session:
        await session.execute(update(ApiKey).values(expires_at=clock.now()))

    assert before == 200
    assert await status(service, ME, body["key"]) == 401


@pytest.mark.parametrize(
    "expires_at",
    [
        "2020-01-01T00:00:00Z",
        "2027-01-01T00:00:00",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01",
        1e99,
    ],
)
async def test_a_key_does_not_expire_in_the_past_nor_in_a_lifetime(
    service: Service, expires_at: object
) -> None:
    response = await create(service, await logged_in(service), expires_at=expires_at)

    assert response.status_code == 422


async def test_the_last_use_is_recorded_once_a_minute(service: Service) -> None:
    tokens = await logged_in(service)
    key = (await created(service, tokens))["key"]

    for _ in range(3):
        await status(service, ME, key)
    await use_written(service)
    [first] = await listed(service, tokens)
    await status(service, ME, key)
    await use_written(service)
    [second] = await listed(service, tokens)
    async with service.database.write() as session:
        await session.execute(
            update(ApiKey).values(last_used_at=clock.now() - timedelta(seconds=61))
        )
    await status(service, ME, key)
    await use_written(service)
    [third] = await listed(service, tokens)

    assert first["last_used_at"] is not None
    assert second["last_used_at"] == first["last_used_at"]
    assert third["last_used_at"] > first["last_used_at"]


async def test_a_use_that_cannot_be_recorded_refuses_nothing(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await created(own_service, await logged_in(own_service)))["key"]

    def away() -> None:
        raise TimeoutError

    monkeypatch.setattr(own_service.database, "write", away)
    answer = await status(own_service, ME, key)
    await use_written(own_service)

    assert answer == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", KEYS),
        ("GET", KEYS),
        ("DELETE", f"{KEYS}/0198c0de-0000-7000-8000-000000000000"),
        ("PATCH", ME),
        ("POST", "/api/v1/auth/logout"),
        ("POST", "/api/v1/auth/logout-all"),
        ("GET", "/api/v1/auth/sessions"),
        ("DELETE", "/api/v1/auth/sessions/0198c0de-0000-7000-8000-000000000000"),
    ],
)
async def test_what_concerns_the_account_itself_needs_a_session(
    service: Service, method: str, path: str
) -> None:
    tokens = await logged_in(service, is_superuser=True)
    key = (await created(service, tokens, scopes=["*"]))["key"]

    response = await service.client.request(method, path, json={}, headers=bearer(key))

    assert response.status_code == 403
    assert response.json()["code"] == "session_required"


async def test_an_account_has_a_bounded_number_of_keys(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.features.api_keys.service.MAX_KEYS", 2)
    tokens = await logged_in(service)

    answers = [await create(service, tokens) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[-1].json()["code"] == "too_many_api_keys"


@pytest.mark.parametrize("change", ["cut", "longer", "other end", "other case"])
async def test_a_changed_key_is_refused(service: Service, change: str) -> None:
    key: str = (await created(service, await logged_in(service)))["key"]
    changed = {
        "cut": key[:-1],
        "longer": key + "A",
        "other end": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "other case": key.swapcase(),
    }[change]

    response = await service.client.get(ME, headers=bearer(changed))

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_a_key_acts_for_its_owner(service: Service) -> None:
    user = await make_user(service, roles=("member", "admin"))
    key = (await created(service, await signed_in(service, user)))["key"]

    body = (await service.client.get(ME, headers=bearer(key))).json()

    assert (body["id"], body["roles"]) == (str(user.id), ["admin", "member"])


async def test_a_key_and_its_owner_are_read_in_one_statement(service: Service) -> None:
    key = (await created(service, await logged_in(service)))["key"]
    await status(service, ME, key)
    await use_written(service)
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = await status(service, ME, key)
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert answer == 200
    assert len(statements) == 1


async def test_a_key_outlives_the_session_so_it_wants_a_recent_proof(service: Service) -> None:
    tokens = await reader(service)
    async with service.database.write() as session:
        await session.execute(update(Session).values(authenticated_at=None))

    response = await create(service, tokens)

    assert (response.status_code, response.json()["code"]) == (403, "reauth_required")
