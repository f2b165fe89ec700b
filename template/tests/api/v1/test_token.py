"""POST /auth/token: RFC 6749 in a form, or the same fields in JSON."""

from typing import Any

import pytest

from app.models.user import User
from tests.support.factories import PASSWORD, bearer, make_user
from tests.support.service import Service, Start

TOKEN = "/api/v1/auth/token"
FORM = "application/x-www-form-urlencoded"


def password_grant(user: User, password: str = PASSWORD) -> dict[str, str]:
    return {"grant_type": "password", "username": user.username, "password": password}


@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_each_grant_returns_tokens_that_work(service: Service, encoding: str) -> None:
    fields = password_grant(await make_user(service))
    for _ in range(2):
        body: dict[str, Any] = {encoding: fields}
        response = await service.client.post(TOKEN, **body)

        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        header = bearer(response.json()["access_token"])
        assert (await service.client.get("/api/v1/users/me", headers=header)).status_code == 200
        refresh_token = response.json()["refresh_token"]
        assert refresh_token not in fields.values()
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}


@pytest.mark.parametrize(
    ("is_active", "password", "code"),
    [(True, "wrong", "invalid_credentials"), (False, PASSWORD, "account_disabled")],
)
async def test_a_refused_password_is_an_invalid_grant_with_its_own_code(
    service: Service, is_active: bool, password: str, code: str
) -> None:
    user = await make_user(service, is_active=is_active)

    response = await service.client.post(TOKEN, data=password_grant(user, password))

    assert response.status_code == 400
    assert (response.json()["error"], response.json()["code"]) == ("invalid_grant", code)


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
        (FORM, b"\xff\xfe=%zz"),
        (FORM, b"grant_type=password&grant_type=password"),
        ("multipart/form-data; boundary=x", b"--x--"),
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

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_the_own_client_id_is_accepted_and_basic_credentials_are_ignored(
    start: Start,
) -> None:
    async with start(jwt_client_id="web") as service:
        fields = password_grant(await make_user(service)) | {"client_id": "web"}
        headers = {"Authorization": "Basic d2ViOnNlY3JldA=="}

        response = await service.client.post(TOKEN, data=fields, headers=headers)

    assert response.status_code == 200


async def test_the_password_grant_can_be_switched_off(start: Start) -> None:
    async with start(password_grant_enabled=False) as service:
        fields = password_grant(await make_user(service))

        response = await service.client.post(TOKEN, data=fields)

    assert response.status_code == 400
    assert response.json()["error"] == "unsupported_grant_type"


async def test_a_password_is_never_read_from_the_query(service: Service) -> None:
    fields = password_grant(await make_user(service))

    response = await service.client.post(TOKEN, params=fields)

    assert response.status_code == 400
