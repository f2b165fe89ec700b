"""The schema: every error an operation may answer is documented, in one form."""

import re
from typing import Any

import pytest

from app.api.v1.router import PREFIX
from tests.support.factories import logged_in
from tests.support.factories import make_user
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
        (("GET", "/health"), "200 400 413"),
        (("GET", "/api/v1/users/me"), "200 400 401 403 406 413 503"),
        (("POST", "/api/v1/users"), "201 400 401 403 406 409 413 415 422 503"),
        (
            ("PATCH", "/api/v1/users/{user_id}"),
            "200 400 401 403 404 406 409 412 413 415 422 503",
        ),
        (("DELETE", "/api/v1/roles/{name}"), "204 400 401 403 404 406 409 412 413 422 503"),
        (("GET", "/api/v1/users/search"), "200 400 401 403 406 413 414 422 503"),
        (("POST", "/api/v1/auth/login"), "200 400 401 403 406 413 415 422 429 503"),
        (("POST", "/api/v1/auth/token"), "200 400 406 413 415 422 429 503"),
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
    taken = await service.client.post(
        "/api/v1/users", json={"email": user.email, "username": "new"}, headers=root
    )

    assert refused.json().keys() == documented["properties"].keys()
    assert taken.json().keys() == set(documented["required"])
    assert documented["properties"].keys() - set(documented["required"]) == {"errors"}
