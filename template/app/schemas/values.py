"""Values that every database can store, read strictly: what the schema does not say is refused."""

import math
import re
from datetime import UTC
from datetime import date
from datetime import datetime
from typing import Annotated
from typing import Any

from pydantic import AfterValidator
from pydantic import AwareDatetime
from pydantic import BeforeValidator
from pydantic import Field

WRITTEN_DAY = re.compile(r"\d{4}-\d\d-\d\d")
WRITTEN_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _day(value: Any) -> Any:
    """Pydantic would take a number, or a text of digits, for seconds since 1970."""
    if isinstance(value, str) and not WRITTEN_DAY.fullmatch(value):
        raise ValueError("is not a date as in RFC 3339")
    return _no_number(value)


def _moment(value: Any) -> Any:
    if isinstance(value, str) and not WRITTEN_MOMENT.match(value):
        raise ValueError("is not a date and time as in RFC 3339")
    return _no_number(value)


def _no_number(value: Any) -> Any:
    if not isinstance(value, str | date):
        raise ValueError("is not a text")  # noqa: TRY004 - Pydantic reports a ValueError
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no moment of the years 1 to 9999 in UTC") from None


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


Int32 = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
Number = Annotated[float, Field(strict=True), AfterValidator(_finite)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)]
"""Kept in UTC."""
