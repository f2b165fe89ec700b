"""Parts of an application, found by type."""

import pytest
from fastapi import FastAPI, Request

from app.core import registry


class Part: ...


class OtherPart(Part): ...


def test_a_part_is_found_by_the_type_it_was_added_under_last() -> None:
    app, other = FastAPI(), FastAPI()
    registry.add(app, Part, Part())

    added = registry.add(app, Part, OtherPart())

    assert registry.get(app, Part) is registry.find(app, Part) is added
    assert registry.get(Request({"type": "http", "app": app}), Part) is added
    assert registry.find(app, OtherPart) is None
    assert registry.find(other, Part) is None


def test_a_missing_part_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        registry.get(FastAPI(), Part)
