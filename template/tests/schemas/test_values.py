"""Values are read strictly, and what is accepted can be stored."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.schemas.values import Day, Digits, Int32, Moment, Number

Price = Annotated[Decimal, Digits(10, 2)]
Share = Annotated[Decimal, Digits(4, 4)]
Count = Annotated[Decimal, Digits(3, 0)]
NO_PRICES = ["NaN", "-Infinity", "sNaN", "1e5", "1_000", "1,5", ".5", "5.", "", " 1", "1\n", "+1"]
NO_PRICES += ["--1", "\u0661", "0x1", "9" * 5_000, "100000000", "0.001", "1.000"]
NO_TEXTS: list[Any] = [1, 1.5, float("nan"), True, None, [], Decimal("NaN")]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Int32, 2**31 - 1, 2**31 - 1),
        (Int32, -(2**31), -(2**31)),
        (Number, 1.5, 1.5),
        (Number, 2, 2.0),
        (Price, "99999999.99", Decimal("99999999.99")),
        (Price, "-0.5", Decimal("-0.50")),
        (Price, "007", Decimal("7.00")),
        (Price, Decimal("1E+2"), Decimal("100.00")),
        (Share, "0.1234", Decimal("0.1234")),
        (Count, "999", Decimal(999)),
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
        *((Price, text) for text in NO_PRICES),
        *((Price, value) for value in NO_TEXTS),
        (Price, Decimal("0.001")),
        (Share, "1.0000"),
        (Count, "1.0"),
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


def test_a_decimal_is_a_text_in_json_and_a_number_in_python() -> None:
    adapter = TypeAdapter(Annotated[Decimal, Digits(18, 8)])
    value = adapter.validate_python("-0.00000000")

    assert adapter.dump_json(value) == b'"0.00000000"'
    assert adapter.dump_python(value) == Decimal(0)
    assert adapter.json_schema()["pattern"] == r"^-?[0-9]{1,10}(\.[0-9]{1,8})?$"
