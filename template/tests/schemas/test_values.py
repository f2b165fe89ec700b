"""Values are read strictly, and what is accepted can be stored."""

from datetime import UTC
from datetime import date
from datetime import datetime
from typing import Any

import pytest
from pydantic import TypeAdapter
from pydantic import ValidationError

from app.schemas.values import Day
from app.schemas.values import Int32
from app.schemas.values import Moment
from app.schemas.values import Number


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Int32, 2**31 - 1, 2**31 - 1),
        (Int32, -(2**31), -(2**31)),
        (Number, 1.5, 1.5),
        (Number, 2, 2.0),
        (Day, "2026-02-28", date(2026, 2, 28)),
        (Moment, "2026-02-28T12:00:00Z", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (Moment, "2026-02-28t12:00:00+02:00", datetime(2026, 2, 28, 10, tzinfo=UTC)),
    ],
)
def test_a_value_as_the_schema_says_is_read(kind: Any, value: Any, expected: Any) -> None:
    assert TypeAdapter(kind).validate_python(value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Int32, 2**31),
        (Int32, -(2**31) - 1),
        (Int32, "1"),
        (Int32, 1.5),
        (Int32, True),
        (Number, "1.5"),
        (Number, float("inf")),
        (Number, float("nan")),
        (Number, True),
        (Day, 20_000),
        (Day, "1700000000"),
        (Day, "2026-02-30"),
        (Day, "2026-02-28T12:00:00Z"),
        (Day, None),
        (Moment, 1_700_000_000),
        (Moment, "1700000000"),
        (Moment, "2026-02-28"),
        (Moment, "2026-02-28T12:00:00"),
        (Moment, "0001-01-01T00:00:00+14:00"),
        (Moment, "9999-12-31T23:59:59-14:00"),
    ],
)
def test_another_value_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)
