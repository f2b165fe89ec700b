"""Paths with and without their last slash, and methods that a path does not have."""

import pytest

from tests.support.factories import logged_in
from tests.support.service import Service

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


@pytest.mark.parametrize(
    "path", ["/health", "/api/v1/health", "/api/v1/users/me", "/api/v1/users", "/docs"]
)
async def test_a_last_slash_changes_nothing(service: Service, path: str) -> None:
    header = (await logged_in(service, is_superuser=True)).header

    without = await service.client.get(path, headers=header)
    with_slash = await service.client.get(path + "/", headers=header)

    assert without.status_code == with_slash.status_code == 200
    assert without.headers["Content-Type"] == with_slash.headers["Content-Type"]


async def test_a_post_keeps_its_body_over_the_slash(service: Service) -> None:
    response = await service.client.post("/api/v1/auth/login/", json={"password": "x"})

    assert response.status_code == 422


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/", "//attacker.example/", "/", "/health//"])
async def test_an_unknown_path_is_404_and_no_redirect(service: Service, path: str) -> None:
    response = await service.client.get(
        "http://service.test" + path, headers={"Host": "attacker.example"}
    )

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/auth/login"),
        ("TRACE", "/api/v1/auth/login"),
        ("BREW", "/api/v1/auth/login"),
        ("PUT", "/api/v1/auth/login/"),
    ],
)
async def test_an_unknown_method_is_told_which_there_are(
    service: Service, method: str, path: str
) -> None:
    response = await service.client.request(method, path)

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert response.json()["code"] == "method_not_allowed"


async def test_allow_lists_the_methods_of_all_routes_of_a_path(service: Service) -> None:
    async def answer() -> None: ...

    service.app.add_api_route("/late", answer, methods=["GET"])
    service.app.add_api_route("/late", answer, methods=["PUT", "DELETE"])

    responses = [await service.client.post(path) for path in ("/late", "/late/")]

    assert [response.status_code for response in responses] == [405, 405]
    assert {response.headers["Allow"] for response in responses} == {"DELETE, GET, PUT"}
