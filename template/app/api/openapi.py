"""Completes the schema: the errors that an operation may answer, all in one form, and headers.

A route declares a rarer error by `responses={HTTPStatus.TOO_MANY_REQUESTS: {}}`, and a part that
stands before all routes by a function that it gives to `amend`.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core import registry
from app.schemas.problem import Problem

type Json = dict[str, Any]
type Amendment = Callable[[Json], None]

REFERENCE = "#/components/schemas/{model}"
FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")
HEADERS: Json = {
    "Access-Control-Allow-Origin": {"schema": {"type": "string"}},
    "ETag": {"schema": {"type": "string"}},
    "Location": {"schema": {"type": "string"}},
    "Retry-After": {"schema": {"type": "integer", "format": "int32", "minimum": 0}},
    "WWW-Authenticate": {"schema": {"type": "string"}},
    "X-Correlation-ID": {"schema": {"type": "string"}},
}
ALWAYS = ("Access-Control-Allow-Origin", "X-Correlation-ID")
BY_STATUS = {
    "200": "ETag",
    "201": "Location",
    "401": "WWW-Authenticate",
    "429": "Retry-After",
    "503": "Retry-After",
}


class Amendments:
    """What parts add to the schema, in order."""

    def __init__(self) -> None:
        self.before_errors: list[Amendment] = []
        """They add bodies and parameters, which decide about the errors of an operation."""
        self.after_errors: list[Amendment] = []


def install(app: FastAPI) -> None:
    generate = app.openapi
    amendments = registry.add(app, Amendments, Amendments())

    def documented() -> Json:
        if app.openapi_schema is None:
            schema = generate()
            for amendment in (*amendments.before_errors, _complete, *amendments.after_errors):
                amendment(schema)
            _document_headers(schema)
            _size_integers(schema)
        return generate()

    app.openapi = documented  # type: ignore[method-assign]


def amend(app: FastAPI, amendment: Amendment, *, before_errors: bool = False) -> None:
    """Registers an amendment; `before_errors` where it adds a body or a parameter."""
    amendments = registry.get(app, Amendments)
    (amendments.before_errors if before_errors else amendments.after_errors).append(amendment)


def operation_id(route: APIRoute) -> str:
    """The name of the function: generated clients read well and survive a new path."""
    return route.name


def _complete(schema: Json) -> None:
    schemas: Json = schema.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(mode="serialization", ref_template=REFERENCE)
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    for name in FASTAPI_SCHEMAS:
        schemas.pop(name, None)
    operations = list(_operations(schema))
    for operation in operations:
        _document_errors(operation)
    tags = {tag for operation in operations for tag in operation.get("tags", ())}
    schema["tags"] = [{"name": name} for name in sorted(tags)]
    schema["servers"] = [{"url": "/"}]


def _operations(schema: Json) -> Iterator[Json]:
    for methods in schema["paths"].values():
        yield from methods.values()


def _document_errors(operation: Json) -> None:
    responses: Json = operation["responses"]
    declared = {int(status) for status in responses if status.isdigit() and status >= "400"}
    for status in sorted(declared | set(_errors(operation))):
        response = responses.setdefault(str(status), {})
        if "content" not in response or status == HTTPStatus.UNPROCESSABLE_ENTITY:
            content = {"schema": {"$ref": REFERENCE.format(model="Problem")}}
            response["description"] = HTTPStatus(status).phrase
            response["content"] = {"application/problem+json": content}


def _errors(operation: Json) -> Iterator[int]:
    """What an operation may answer, by what it has. A rule, so it may name one too many."""
    yield from (400, 406, 413, 414, 500, 503)
    if "security" in operation:
        yield from (401, 403)
    if "parameters" in operation:
        yield from (404, 409, 412, 422)
    if "requestBody" in operation:
        yield from (408, 409, 415, 422)


def _document_headers(schema: Json) -> None:
    schema["components"]["headers"] = HEADERS
    for operation in _operations(schema):
        for status, response in operation["responses"].items():
            names = (*ALWAYS, *filter(None, [BY_STATUS.get(status)]))
            references = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            response["headers"] = references | response.get("headers", {})


def _size_integers(part: Any) -> None:
    """Names the width of each integer, as generators of clients ask."""
    if isinstance(part, list):
        for item in part:
            _size_integers(item)
    elif isinstance(part, dict):
        if part.get("type") == "integer":
            part.setdefault("format", "int32" if part.get("maximum", 2**31) < 2**31 else "int64")
        for item in part.values():
            _size_integers(item)
