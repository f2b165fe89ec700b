"""Values that every database can store, read strictly: what the schema does not say is refused."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from app.core import exact_decimal


def _written(pattern: str, kind: str) -> BeforeValidator:
    """Pydantic would take a number, or a text of digits, for seconds since 1970."""

    def check(value: Any) -> Any:
        if not isinstance(value, str | date):
            raise ValueError("is not a text")  # noqa: TRY004 - Pydantic reports a ValueError
        if isinstance(value, str) and not re.match(pattern, value):
            raise ValueError(f"is not {kind} as in RFC 3339")
        return value

    return BeforeValidator(check)


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no moment of the years 1 to 9999 in UTC") from None


@dataclass(frozen=True)
class Digits:
    """Of a Decimal: how many, and how many of them after the point; in JSON it is a text.

    A number of JSON has been a float before anything could look at it.
    """

    precision: int
    scale: int

    @property
    def pattern(self) -> str:
        before = self.precision - self.scale
        whole = f"[0-9]{{1,{before}}}" if before else "0"
        return f"-?{whole}" + (rf"(\.[0-9]{{1,{self.scale}}})?" if self.scale else "")

    def __get_pydantic_core_schema__(
        self, source: type[Decimal], handler: GetCoreSchemaHandler
    ) -> Any:
        return handler.generate_schema(
            Annotated[
                Decimal,
                PlainValidator(self._read),
                PlainSerializer(exact_decimal.written, return_type=str, when_used="json"),
                WithJsonSchema({"type": "string", "pattern": f"^{self.pattern}$"}),
            ]
        )

    def _read(self, value: Any) -> Decimal:
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            value = Decimal(value)
        if not isinstance(value, Decimal):
            raise ValueError(  # noqa: TRY004 - Pydantic reports a ValueError
                f"is not a text with {self.precision} digits, {self.scale} of them after the point"
            )
        return exact_decimal.fixed(value, self.precision, self.scale)


Int32 = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Day = Annotated[date, _written(r"\d{4}-\d\d-\d\d\Z", "a date")]
Moment = Annotated[
    AwareDatetime,
    _written(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", "a date and time"),
    AfterValidator(_in_utc),
]
"""Kept in UTC."""
