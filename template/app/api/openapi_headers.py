"""Headers of the answers, for the schema: described once, referred to by every answer."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

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


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def document(schema: Json) -> None:
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
