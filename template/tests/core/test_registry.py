"""Parts of an application, found by type."""

import pytest
from fastapi import FastAPI, Request

from app.core import registry


class Part: ...


class OtherPart(Part): ...


def test_a_part_is_found_by_the_type_it_was_added_under() -> None:
    app = FastAPI()

    added = registry.add(app, Part, OtherPart())

    assert registry.get(app, Part) is added
    assert registry.find(app, Part) is added
    assert registry.find(app, OtherPart) is None


def test_an_endpoint_finds_what_its_application_has() -> None:
    app = FastAPI()
    part = registry.add(app, Part, Part())

    assert registry.get(Request({"type": "http", "app": app}), Part) is part


def test_a_later_part_takes_the_place_of_an_earlier_one() -> None:
    app = FastAPI()
    registry.add(app, Part, Part())
    later = registry.add(app, Part, Part())

    assert registry.get(app, Part) is later


def test_a_missing_part_is_an_error_of_the_program() -> None:
    app = FastAPI()

    assert registry.find(app, Part) is None
    with pytest.raises(KeyError):
        registry.get(app, Part)


def test_applications_share_no_part() -> None:
    first, second = FastAPI(), FastAPI()
    registry.add(first, Part, Part())

    assert registry.find(second, Part) is None
