"""Decimal numbers that every database gives back to the digit."""

from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from sqlalchemy import BigInteger, Dialect, Numeric, TypeDecorator
from sqlalchemy.types import TypeEngine

MAX_PRECISION = 18
"""Digits that 64 bits hold, whatever they are."""


class ExactDecimal(TypeDecorator[Decimal]):
    """NUMERIC. SQLite would make a float of it: there it is an integer of the smallest unit.

    Comparisons, orders and sums are the same on both; what else is computed belongs in Python.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        if precision < 1 or not 0 <= scale <= precision <= MAX_PRECISION:
            raise ValueError(f"{precision} digits, {scale} of them decimal places, are not kept")
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Raises ValueError for what would be rounded."""
        if value is None:
            return None
        exact = fixed(value, self.precision, self.scale)
        return int(exact.scaleb(self.scale)) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]
        return Decimal(value).scaleb(-self.scale)

    def migration(self) -> str:
        """How a revision writes it: without a name of the application, which may change."""
        return f'sa.Numeric({self.precision}, {self.scale}).with_variant(sa.BigInteger(), "sqlite")'


def fixed(value: Decimal, precision: int, scale: int) -> Decimal:
    """The same number with `scale` decimal places and no negative zero.

    Raises ValueError where it is not finite, or would be rounded.
    """
    if isinstance(value, float) or not Decimal(value).is_finite():
        raise ValueError("is not a decimal number")
    context = Context(prec=precision, traps=[Inexact, InvalidOperation])
    try:
        return context.plus(context.quantize(Decimal(value), Decimal(1).scaleb(-scale)))
    except (Inexact, InvalidOperation):
        raise ValueError(
            f"has more than {precision - scale} digits before the point or {scale} after it"
        ) from None


def written(value: Decimal) -> str:
    """Never with an exponent."""
    return f"{value:f}"
