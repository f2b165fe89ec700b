"""What a page of another site makes a browser send does nothing in the name of its user."""

from typing import Any

import pytest

from tests.support.factories import logged_in
from tests.support.routes import concrete, operations
from tests.support.service import Service

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

ME = "/api/v1/users/me"
JSON = {"application/json"}
WITHOUT_PREFLIGHT = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")


async def test_no_cookie_says_who_is_asking(service: Service) -> None:
    tokens = await logged_in(service)
    names = ("Authorization", "access_token", "session", "__Host-session")
    cookies = "; ".join(f"{name}={tokens.access}" for name in names)

    answer = await service.client.get(ME, headers={"Cookie": cookies})

    assert answer.status_code == 401


@pytest.mark.parametrize("content_type", WITHOUT_PREFLIGHT)
async def test_a_body_that_needs_no_preflight_is_not_taken(
    service: Service, content_type: str
) -> None:
    header = (await logged_in(service, is_superuser=True)).header
    headers = header | {"Content-Type": content_type}
    taking_json = [
        (method, path)
        for path, methods in service.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if _taken(operation) == JSON
    ]

    answers = {
        (method, path): await service.client.request(
            method, concrete(path), content=b"{}", headers=headers
        )
        for method, path in taking_json
    }

    statuses = {one: answer.status_code for one, answer in answers.items()}
    assert statuses["post", "/api/v1/auth/login"] == 415
    assert set(statuses.values()) <= {404, 415}  # 404 where the made-up path names nothing


def _taken(operation: dict[str, Any]) -> set[str]:
    return set(operation.get("requestBody", {}).get("content", ()))


async def test_what_changes_something_is_no_get(service: Service) -> None:
    header = (await logged_in(service, is_superuser=True)).header
    found = operations(service.app)
    reading = {path for method, path in found if method == "GET"}
    changing = {path for method, path in found if method != "GET"} - reading

    answers = {
        path: await service.client.get(concrete(path), headers=header) for path in sorted(changing)
    }

    assert "/api/v1/auth/logout" in answers
    assert {path for path, got in answers.items() if got.status_code not in {404, 405}} == set()
