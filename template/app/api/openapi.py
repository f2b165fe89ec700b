"""Completes the schema: which errors an operation may answer, all in one form, with which headers.

Read off what an operation has (a body, parameters, security); a route declares the others by
`responses={HTTPStatus.TOO_MANY_REQUESTS: {}}`, and a part that stands before all routes by a
function that it gives to `amend`.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core import registry
from app.core.http.guard import PROBES
from app.schemas.problem import Problem

MEDIA_TYPE = "application/problem+json"
REFERENCE = "#/components/schemas/{model}"
FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")
WRITES = {"post", "put", "patch", "delete"}
DESCRIPTIONS = {
    "Access-Control-Allow-Origin": "The origin that asks, where CORS_ALLOW_ORIGINS has it.",
    "X-Correlation-ID": "The caller's, where it sent a valid one; log lines have it too.",
    "ETag": "The version of the resource, for If-Match.",
    "Location": "The path of what was created.",
    "Retry-After": "Seconds.",
    "WWW-Authenticate": "The challenge of RFC 6750.",
}
WITH_RETRY_AFTER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

type Json = dict[str, Any]
type Amendment = Callable[[Json], None]


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
            for amendment in amendments.before_errors:
                amendment(schema)
            _complete(schema)
            for amendment in amendments.after_errors:
                amendment(schema)
            _document_headers(schema)
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
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for name in FASTAPI_SCHEMAS:
        schemas.pop(name, None)
    used: set[str] = set()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _document_errors(path, method, operation)
            used.update(operation.get("tags", ()))
    schema["tags"] = [{"name": name} for name in sorted(used)]
    schema["servers"] = [{"url": "/"}]
    _size_integers(schema)


def _document_errors(path: str, method: str, operation: Json) -> None:
    responses: Json = operation["responses"]
    declared = {int(status) for status in responses if status.isdigit() and int(status) >= 400}
    for status in sorted(declared | set(_statuses(path, method, operation))):
        response = responses.setdefault(str(status), {})
        if "content" not in response or status == HTTPStatus.UNPROCESSABLE_ENTITY:
            responses[str(status)] = _problem_response(HTTPStatus(status))


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


def _statuses(path: str, method: str, operation: Json) -> Iterator[HTTPStatus]:
    parameters = operation.get("parameters", [])
    yield HTTPStatus.INTERNAL_SERVER_ERROR
    yield HTTPStatus.BAD_REQUEST
    yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if path.startswith("/api/"):
        yield HTTPStatus.NOT_ACCEPTABLE
    if path not in PROBES:
        yield HTTPStatus.SERVICE_UNAVAILABLE
    if "security" in operation:
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.FORBIDDEN
        if method in WRITES and (parameters or "requestBody" in operation):
            yield HTTPStatus.CONFLICT
    if any(parameter["in"] == "query" for parameter in parameters):
        yield HTTPStatus.REQUEST_URI_TOO_LONG
    if any(parameter["in"] == "path" for parameter in parameters):
        yield HTTPStatus.NOT_FOUND
    if any(parameter["name"].lower() == "if-match" for parameter in parameters):
        yield HTTPStatus.PRECONDITION_FAILED
    if "requestBody" in operation:
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        yield HTTPStatus.REQUEST_TIMEOUT
    if parameters or "requestBody" in operation:
        yield HTTPStatus.UNPROCESSABLE_ENTITY


def _problem_response(status: HTTPStatus) -> Json:
    schema = {"$ref": REFERENCE.format(model="Problem")}
    return {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def _document_headers(schema: Json) -> None:
    """Adds to each answer of each operation the headers it may have."""
    schema["components"]["headers"] = {
        name: _described(name, text) for name, text in DESCRIPTIONS.items()
    }
    for methods in schema["paths"].values():
        has_versions = any("412" in operation["responses"] for operation in methods.values())
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if not status.isdigit():
                    continue
                headers = response.setdefault("headers", {})
                for name in _names(method, int(status), has_versions=has_versions):
                    headers[name] = _reference(name)


def _described(name: str, text: str) -> Json:
    kind: Json = {"type": "string"}
    if name == "Retry-After":
        kind = {"type": "integer", "format": "int32", "minimum": 0}
    return {"description": text, "schema": kind}


def _names(method: str, status: int, *, has_versions: bool) -> Iterator[str]:
    yield "Access-Control-Allow-Origin"
    yield "X-Correlation-ID"
    if status in WITH_RETRY_AFTER:
        yield "Retry-After"
    if status == HTTPStatus.UNAUTHORIZED:
        yield "WWW-Authenticate"
    if status == HTTPStatus.CREATED:
        yield "Location"
    if status == HTTPStatus.OK and has_versions and method != "delete":
        yield "ETag"
