"""POST /auth/token: RFC 6749 in a form, or the same fields in JSON."""

from typing import Any

import pytest

from tests.support.factories import PASSWORD, bearer, logged_in, make_user
from tests.support.service import Service, Start

TOKEN = "/api/v1/auth/token"
ME = "/api/v1/users/me"


@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_the_password_grant_returns_tokens_that_work(service: Service, encoding: str) -> None:
    user = await make_user(service)
    fields = {"grant_type": "password", "username": user.username, "password": PASSWORD}

    body: dict[str, Any] = {encoding: fields}

    response = await service.client.post(TOKEN, **body)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    me = await service.client.get(ME, headers=bearer(response.json()["access_token"]))
    assert me.json()["username"] == user.username


@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_the_refresh_grant_rotates(service: Service, encoding: str) -> None:
    tokens = await logged_in(service)
    fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}

    body: dict[str, Any] = {encoding: fields}

    response = await service.client.post(TOKEN, **body)

    assert response.status_code == 200
    assert response.json()["refresh_token"] != tokens.refresh


async def test_a_wrong_password_is_an_invalid_grant(service: Service) -> None:
    user = await make_user(service)
    fields = {"grant_type": "password", "username": user.username, "password": "wrong"}

    response = await service.client.post(TOKEN, data=fields)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_grant"
    assert response.json()["code"] == "invalid_credentials"


async def test_a_disabled_account_is_an_invalid_grant_with_its_own_code(service: Service) -> None:
    user = await make_user(service, is_active=False)
    fields = {"grant_type": "password", "username": user.username, "password": PASSWORD}

    response = await service.client.post(TOKEN, data=fields)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_grant"
    assert response.json()["code"] == "account_disabled"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "x" * 1025}, "invalid_request"),
        ({"grant_type": "password", "username": "a\x00", "password": "x"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "garbage"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "another"},
            "invalid_client",
        ),
    ],
)
async def test_a_refused_grant_has_the_word_of_the_rfc(
    service: Service, fields: dict[str, str], error: str
) -> None:
    response = await service.client.post(TOKEN, data=fields)

    body = response.json()
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert body["error"] == error
    assert body["error_description"] == body["detail"]


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'"grant_type"'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"grant_type": {"a": 1}}'),
        ("application/json", b'{"grant_type": "password", "username": NaN, "password": "x"}'),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%zz"),
        ("application/x-www-form-urlencoded", b"grant_type=password&grant_type=password"),
        ("text/plain", b"grant_type=password"),
        ("", b"grant_type=password"),
    ],
)
async def test_a_body_that_is_no_grant_is_an_invalid_request(
    service: Service, content_type: str, content: bytes
) -> None:
    response = await service.client.post(
        TOKEN, content=content, headers={"Content-Type": content_type}
    )

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_a_multipart_body_is_refused(service: Service) -> None:
    response = await service.client.post(TOKEN, files={"grant_type": b"password"})

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_the_own_client_id_is_accepted_and_basic_credentials_are_ignored(
    start: Start,
) -> None:
    async with start(jwt_client_id="web") as service:
        user = await make_user(service)
        fields = {
            "grant_type": "password",
            "username": user.username,
            "password": PASSWORD,
            "client_id": "web",
        }

        response = await service.client.post(
            TOKEN, data=fields, headers={"Authorization": "Basic d2ViOnNlY3JldA=="}
        )

    assert response.status_code == 200


async def test_the_password_grant_can_be_switched_off(start: Start) -> None:
    async with start(password_grant_enabled=False) as service:
        user = await make_user(service)
        fields = {"grant_type": "password", "username": user.username, "password": PASSWORD}

        response = await service.client.post(TOKEN, data=fields)

    assert response.status_code == 400
    assert response.json()["error"] == "unsupported_grant_type"


async def test_a_password_is_never_read_from_the_query(service: Service) -> None:
    user = await make_user(service)
    fields = {"grant_type": "password", "username": user.username, "password": PASSWORD}

    response = await service.client.post(TOKEN, params=fields)

    assert response.status_code == 400
