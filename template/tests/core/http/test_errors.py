"""Every error is problem+json with the same members; none tells what stays inside."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import HTTPException
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.api.deps import SessionDep
from app.core.http import errors
from app.models.role import user_roles
from app.models.user import User
from tests.support.factories import make_user
from tests.support.service import Service

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "correlation_id"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.BadRequest("a_word", "A sentence."), 400, "a_word"),
        (errors.Forbidden("a_word", "A sentence."), 403, "a_word"),
        (errors.NotFound("a_word", "A sentence."), 404, "a_word"),
        (errors.Conflict("a_word", "A sentence."), 409, "a_word"),
        (errors.PreconditionFailed("a_word", "A sentence."), 412, "a_word"),
        (errors.Unprocessable("a_word", "A sentence."), 422, "a_word"),
        (errors.Unavailable("a_word", "A sentence."), 503, "a_word"),
        (HTTPException(410, "It went.", headers={"X-Kept": "yes"}), 410, "gone"),
        (PoolTimeoutError("QueuePool limit of size 5"), 503, "database_unavailable"),
    ],
)
async def test_an_error_becomes_a_problem(
    service: Service, error: Exception, status: int, code: str
) -> None:
    async def fail() -> None:
        raise error

    service.app.add_api_route("/fail", fail)
    response = await service.client.get("/fail?secret=471147114711")

    body = response.json()
    assert response.status_code == body["status"] == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert body.keys() == MEMBERS
    assert (body["code"], body["instance"]) == (code, "/fail")
    assert "QueuePool" not in response.text
    assert (int(response.headers.get("Retry-After", 0)) > 0) == (status == 503)
    assert ("X-Kept" in response.headers) == (status == 410)


async def test_validation_names_the_field_and_repeats_no_input(service: Service) -> None:
    response = await service.client.post(
        "/api/v1/auth/login",
        json={"username": 471147114711, "password": ["471147114711"], "x": "471147114711"},
    )

    body = response.json()
    assert response.status_code == 422
    assert body.keys() == MEMBERS | {"errors"}
    assert all(item.keys() == {"loc", "msg", "type"} for item in body["errors"])
    assert ["body", "username"] in [item["loc"] for item in body["errors"]]
    assert "471147114711" not in response.text


async def test_the_instance_is_bounded_and_without_the_query(service: Service) -> None:
    response = await service.client.get("/" + "x" * 5000 + "?token=471147114711")

    assert len(response.json()["instance"]) == 256
    assert "471147114711" not in response.text


@pytest.mark.parametrize("column", ["email", "username"])
async def test_a_taken_value_is_a_conflict_by_name(service: Service, column: str) -> None:
    user = await make_user(service)

    async def create(session: SessionDep) -> None:
        values: dict[str, Any] = {"email": "new@example.com", "username": "new"}
        session.add(User(**(values | {column: getattr(user, column)})))

    service.app.add_api_route("/create", create, methods=["POST"])
    response = await service.client.post("/create")

    assert response.status_code == 409
    assert response.json()["code"] == f"{column}_taken"
    assert user.email not in response.text


async def test_another_contradiction_is_a_conflict_without_details(service: Service) -> None:
    async def create(session: SessionDep) -> None:
        await session.execute(user_roles.insert().values(user_id=uuid4(), role_name="nothing"))

    service.app.add_api_route("/create", create, methods=["POST"])
    response = await service.client.post("/create")

    assert response.status_code == 409
    assert response.json()["code"] == "conflict"
    assert "user_roles" not in response.text


async def test_a_failed_statement_tells_nothing(service: Service) -> None:
    async def query(session: SessionDep) -> None:
        await session.execute(text("SELECT * FROM absent"))

    service.app.add_api_route("/query", query)
    response = await service.client.get("/query")

    assert response.status_code in {500, 503}
    assert "absent" not in response.text
    assert "SELECT" not in response.text
