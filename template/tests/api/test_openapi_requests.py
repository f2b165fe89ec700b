"""The schema of what a client sends: texts are bounded, and the template's values have examples."""

from collections.abc import Iterator
from typing import Any

import pytest

from app import installed
from app.core.settings import Settings
from app.main import create_app
from tests.support.service import SECRET_KEY, Service

BOUNDS = {"maxLength", "pattern", "format", "enum", "const"}
SPEAKS_FOR_ITSELF = {"enum", "const", "default"}

type Json = dict[str, Any]


@pytest.fixture
def schema(service: Service) -> Json:
    return service.app.openapi()


def test_every_text_of_a_request_is_bounded(schema: Json) -> None:
    unbounded = [
        name
        for name, value in parameters(schema) + members(schema)
        for text in alternatives(value)
        if text.get("type") == "string" and not BOUNDS & text.keys()
    ]

    assert unbounded == []


def test_every_member_of_a_body_has_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a domain takes is its owner's to show."""
    monkeypatch.setattr(installed, "DOMAINS", ())
    app = create_app(Settings(env_file=None, environment="test", secret_key=SECRET_KEY))

    found = members(app.openapi())
    without = [name for name, value in found if not any(map(is_shown, alternatives(value)))]

    assert len(found) > 20
    assert without == []


def is_shown(value: Json) -> bool:
    return value.get("type") == "boolean" or bool({"examples", *SPEAKS_FOR_ITSELF} & value.keys())


def operations(schema: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def parameters(schema: Json) -> list[tuple[str, Json]]:
    return [
        (f"{name} {parameter['name']}", parameter["schema"])
        for name, operation in operations(schema)
        for parameter in operation.get("parameters", ())
    ]


def members(schema: Json) -> list[tuple[str, Json]]:
    """Of each body, in whatever form it is sent."""
    return [
        (f"{name} {member}", value)
        for name, operation in operations(schema)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for body in alternatives(resolved(schema, content["schema"]))
        for member, value in body.get("properties", {}).items()
    ]


def alternatives(value: Json) -> list[Json]:
    """With the items of a list among them."""
    several = [value, *value.get("anyOf", ()), *value.get("oneOf", ())]
    return [*several, *(one["items"] for one in several if "items" in one)]


def resolved(schema: Json, value: Json) -> Json:
    name: str = value.get("$ref", "").rsplit("/", 1)[-1]
    found: Json = schema["components"]["schemas"].get(name, value)
    return found
