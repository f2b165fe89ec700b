"""What limits add to the schema: any request may be refused, any answer may say what is left."""

from http import HTTPStatus
from typing import Any

from app.core.http.guard import PROBES

HEADERS = {
    "RateLimit-Policy": "The limits that the request was counted in: requests, and seconds.",
    "RateLimit": "What is left of each, and the seconds until there is more.",
}


def amend(schema: dict[str, Any], *, with_headers: bool) -> None:
    refused = HTTPStatus.TOO_MANY_REQUESTS
    for path, methods in schema["paths"].items():
        if path in PROBES:
            continue
        for operation in methods.values():
            responses = operation["responses"]
            problem = {**responses["400"], "description": refused.phrase}
            responses.setdefault(str(int(refused)), problem)
            if with_headers:
                _document_headers(responses)


def _document_headers(responses: dict[str, Any]) -> None:
    for response in responses.values():
        for name, text in HEADERS.items():
            header = {"description": text, "schema": {"type": "string"}}
            response.setdefault("headers", {})[name] = header
