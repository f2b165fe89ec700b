"""Requests for every documented operation, each with one hostile value and otherwise valid."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from tests.support import hostile

CANARY = "canary-5ad1c2-of-a-secret"
SECRETS = {
    "password",
    "current_password",
    "new_password",
    "token",
    "refresh_token",
    "code",
    "code_verifier",
    "challenge",
}
JSON = "application/json"
SAMPLES = {"permissions": ["users:read"], "roles": ["member"]}
SAMPLES_BY_TYPE = {"boolean": True, "integer": 1, "array": [], "object": {}}
# An account is named by one of these.
ALTERNATIVES = {"login": ["email", "username"]}

type Schema = dict[str, Any]

_numbers = count(1)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    facts: Schema

    def parameters(self, place: str) -> list[str]:
        return [item["name"] for item in self.facts.get("parameters", []) if item["in"] == place]


@dataclass(frozen=True)
class Request:
    target: str
    headers: dict[str, str]
    body: bytes = b""


def operations(schema: Schema) -> list[Operation]:
    return [
        Operation(method.upper(), path, facts)
        for path, methods in schema["paths"].items()
        for method, facts in methods.items()
    ]


def requests(schema: Schema, operation: Operation, existing: Schema) -> Iterator[Request]:
    """`existing` names what the parameters of a path may name."""
    path = {name: existing.get(name, "1") for name in operation.parameters("path")}
    target = operation.path.format(**path)
    forms = list(_forms(schema, operation))
    for text in hostile.PARAMETERS:
        headers, body = _valid(operation, forms)
        for name in path:
            yield Request(operation.path.format(**path | {name: _escaped(text)}), headers, body)
        for name in operation.parameters("query"):
            yield Request(f"{target}?{name}={_escaped(text)}", headers, body)
        for name in operation.parameters("header"):
            yield Request(target, headers | {name: text}, body)
    for media_type, form in forms:
        for body in _hostile_bodies(operation, media_type, form):
            yield Request(target, {"Content-Type": media_type}, body)


def _forms(schema: Schema, operation: Operation) -> Iterator[tuple[str, Schema]]:
    """Media types and object schemas of the body."""
    for media_type, media in operation.facts.get("requestBody", {}).get("content", {}).items():
        for form in media["schema"].get("oneOf", [media["schema"]]):
            name = form.get("$ref", "").rpartition("/")[2]
            yield media_type, schema["components"]["schemas"][name] if name else form


def _valid(operation: Operation, forms: list[tuple[str, Schema]]) -> tuple[dict[str, str], bytes]:
    if not forms:
        return {}, b""
    media_type, form = forms[0]
    return {"Content-Type": media_type}, _written(media_type, _sampled(operation, form, ""))


def _hostile_bodies(operation: Operation, media_type: str, form: Schema) -> Iterator[bytes]:
    for name in (*form["properties"], "unknown"):
        for value in _values(media_type, name):
            yield _written(media_type, _sampled(operation, form, name), name, value)
    if media_type == JSON:
        yield from (value.encode() for value in hostile.JSON)


def _values(media_type: str, name: str) -> Iterator[str]:
    """As they are written in the body: JSON, or text."""
    suffix = CANARY if name in SECRETS else ""
    if media_type == JSON:
        yield from (json.dumps(text + suffix) for text in hostile.TEXTS)
        yield from hostile.JSON
        yield json.dumps({CANARY: CANARY})
    else:
        yield from (text + suffix for text in hostile.PARAMETERS)


def _sampled(operation: Operation, form: Schema, without: str) -> Schema:
    """Valid values of the required fields, no two alike where they must be unique."""
    alternatives = ALTERNATIVES.get(operation.facts["operationId"], [])
    if form.get("maxProperties") == 1:
        alternatives = list(form["properties"])
    names = set(form.get("required", ()))
    names |= set() if without in alternatives else set(alternatives[-1:])
    return {name: _sample(name, form["properties"][name]) for name in sorted(names - {without})}


def _sample(name: str, facts: Schema) -> Any:
    if name in SECRETS:
        return CANARY
    if name == "email":
        return f"new{next(_numbers)}@example.com"
    if name in {"username", "name"}:
        return f"new{next(_numbers)}"
    default = SAMPLES_BY_TYPE.get(facts.get("type", ""), "text")
    return facts.get("const", SAMPLES.get(name, default))


def _written(media_type: str, valid: Schema, name: str = "", value: str = "") -> bytes:
    if media_type != JSON:
        fields = valid | ({name: value} if name else {})
        return urlencode(fields, errors="surrogatepass").encode()
    members = [f"{json.dumps(key)}: {json.dumps(sample)}" for key, sample in valid.items()]
    members += [f'"{name}": {value}'] if name else []
    return f"{{{', '.join(members)}}}".encode()


def _escaped(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")
