"""The schema: every error an operation may answer is documented, in one form."""

import re
from typing import Any

import pytest
from httpx2 import Response

from app.api.openapi import HEADERS
from app.api.v1.router import PREFIX
from tests.support.factories import PASSWORD, logged_in, make_user
from tests.support.service import Service

PROBLEM = {"$ref": "#/components/schemas/Problem"}

type Operations = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture
def operations(service: Service) -> Operations:
    return {
        (method.upper(), path): operation
        for path, methods in service.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def test_every_error_is_a_problem(operations: Operations) -> None:
    for key, operation in operations.items():
        errors = {status: body for status, body in operation["responses"].items() if status > "4"}
        errors.pop("503" if key[1] == f"{PREFIX}/health/readiness" else "", None)

        assert errors.keys() >= {"400", "413"}, key
        for body in errors.values():
            assert body["content"] == {"application/problem+json": {"schema": PROBLEM}}, key


@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        (("GET", "/api/v1/users/me"), "200 400 401 403 406 413 414 500 503"),
        (("GET", "/api/v1/users/search"), "200 400 401 403 404 406 409 412 413 414 422 500 503"),
        (
            ("PATCH", "/api/v1/users/{user_id}"),
            "200 400 401 403 404 406 408 409 412 413 414 415 422 500 503",
        ),
        (("POST", "/api/v1/auth/token"), "200 400 406 408 409 413 414 415 422 429 500 503"),
    ],
)
def test_the_statuses_follow_from_what_an_operation_has(
    operations: Operations, operation: tuple[str, str], statuses: str
) -> None:
    assert sorted(operations[operation]["responses"]) == statuses.split()


def test_operation_ids_are_the_names_of_functions(operations: Operations) -> None:
    names = [operation["operationId"] for operation in operations.values()]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert operations["GET", "/api/v1/users/me"]["operationId"] == "read_me"


def test_the_schema_is_whole(service: Service) -> None:
    schema = service.app.openapi()
    references = set(re.findall(r"#/components/schemas/([^'\"]+)", str(schema)))

    assert references <= schema["components"]["schemas"].keys()
    assert "HTTPValidationError" not in schema["components"]["schemas"]


async def test_a_problem_has_the_documented_members(service: Service) -> None:
    """`errors` only where values were refused."""
    root = (await logged_in(service, is_superuser=True)).header
    user = await make_user(service)
    documented = service.app.openapi()["components"]["schemas"]["Problem"]

    refused = await service.client.post("/api/v1/users", json={}, headers=root)
    new = {"email": user.email, "username": "new", "password": PASSWORD}
    taken = await service.client.post("/api/v1/users", json=new, headers=root)

    assert refused.json().keys() == documented["properties"].keys()
    assert taken.json().keys() == set(documented["required"])
    assert documented["properties"].keys() - set(documented["required"]) == {"errors"}


async def test_the_documented_headers_are_those_of_the_answers(
    service: Service, operations: Operations
) -> None:
    root = (await logged_in(service, is_superuser=True)).header
    new = {"email": "new@example.com", "username": "new", "password": PASSWORD}
    answers = {
        ("GET", "/api/v1/users/me"): await service.client.get("/api/v1/users/me", headers=root),
        ("POST", "/api/v1/users"): await service.client.post(
            "/api/v1/users", json=new, headers=root
        ),
        ("GET", "/api/v1/roles"): await service.client.get("/api/v1/roles"),
    }
    headers = {
        key: operations[key]["responses"][str(answer.status_code)]["headers"].keys()
        for key, answer in answers.items()
    }

    assert [answer.status_code for answer in answers.values()] == [200, 201, 401]
    for key, promised in headers.items():
        assert promised - {"Access-Control-Allow-Origin"} <= known(answers[key]), key
    assert "ETag" in headers["GET", "/api/v1/users/me"]
    assert "Location" in headers["POST", "/api/v1/users"]
    assert "WWW-Authenticate" in headers["GET", "/api/v1/roles"]


def known(answer: Response) -> set[str]:
    """Names as the schema writes them."""
    return {name for name in HEADERS if name in answer.headers}
