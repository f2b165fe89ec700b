"""Decimals: what is stored comes back to the digit, and what would be rounded is never stored."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.exact_decimal import ExactDecimal, fixed, written
from tests.support.service import Service

PRICES = sa.Table("prices", sa.MetaData(), sa.Column("price", ExactDecimal(18, 4), nullable=True))
LARGEST = Decimal("99999999999999.9999")


@pytest.fixture
async def connection(own_service: Service) -> AsyncIterator[AsyncConnection]:
    async with own_service.database.engine.begin() as connection:
        await connection.run_sync(PRICES.metadata.create_all)
        yield connection


async def stored(connection: AsyncConnection, *values: Decimal | None) -> None:
    await connection.execute(sa.insert(PRICES), [{"price": value} for value in values])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (LARGEST, "99999999999999.9999"),
        (-LARGEST, "-99999999999999.9999"),
        (Decimal("0.1"), "0.1000"),
        (Decimal("-0.0"), "0.0000"),
        (Decimal("1E+3"), "1000.0000"),
        (Decimal("0.0001"), "0.0001"),
    ],
)
async def test_a_number_comes_back_to_the_digit(
    connection: AsyncConnection, value: Decimal, shown: str
) -> None:
    await stored(connection, value)

    found = (await connection.execute(sa.select(PRICES.c.price))).scalar_one()

    assert found == value
    assert written(found) == shown


async def test_numbers_are_ordered_compared_and_added_as_numbers(
    connection: AsyncConnection,
) -> None:
    values = [Decimal(text) for text in ("9.5", "10", "-2.25", "0.0001")]
    await stored(connection, *values, None)
    column = PRICES.c.price

    known = sa.select(column).where(column.is_not(None))
    ordered = (await connection.execute(known.order_by(column))).scalars().all()
    above = await connection.execute(sa.select(column).where(column > Decimal("9.4999")))
    total = (await connection.execute(sa.select(sa.func.sum(column)))).scalar_one()

    assert list(ordered) == sorted(values)
    assert set(above.scalars()) == {Decimal("9.5"), Decimal(10)}
    assert total == sum(values)


@pytest.mark.parametrize(
    "value",
    [
        Decimal("0.00001"),
        LARGEST + 1,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        0.5,
    ],
)
async def test_what_would_be_rounded_is_not_stored(
    connection: AsyncConnection, value: Decimal
) -> None:
    with pytest.raises(StatementError):
        await stored(connection, value)


def test_digits_behind_the_precision_of_python_count_too() -> None:
    with pytest.raises(ValueError, match="more than"):
        fixed(Decimal("1." + "0" * 40 + "1"), 10, 2)


@pytest.mark.parametrize(("precision", "scale"), [(0, 0), (19, 2), (4, 5), (4, -1)])
def test_a_column_has_digits_that_every_database_keeps(precision: int, scale: int) -> None:
    with pytest.raises(ValueError, match="are not kept"):
        ExactDecimal(precision, scale)


def test_a_revision_names_nothing_of_the_application() -> None:
    column = eval(ExactDecimal(10, 2).migration(), {"sa": sa})  # noqa: S307 - its own text
    shown = [column.compile(dialect=one.dialect()) for one in (postgresql, sqlite)]

    assert shown == ["NUMERIC(10, 2)", "BIGINT"]
