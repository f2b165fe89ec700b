"""What a database's error means: which constraint was violated, or that it cannot answer now."""

import re

from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)

DATA_STATES = "22"
SCHEMA_STATES = ("42P01", "42703")
# Connection, rollback by the server, resources, locks, operator intervention, system: PostgreSQL's
# Appendix A by class.
UNAVAILABLE_STATES = ("08", "40", "53", "55", "57", "58")


def violated_constraint(error: IntegrityError) -> str | None:
    """PostgreSQL tells the name; SQLite tells the columns, which it is made of."""
    driver_error = getattr(error.orig, "__cause__", None)
    name: str | None = getattr(driver_error, "constraint_name", None)
    if name is not None:
        return name
    match = re.search(r"UNIQUE constraint failed: (\w+)\.(.+)", str(error.orig))
    return f"uq_{match[1]}_{match[2].replace(f', {match[1]}.', '_')}" if match else None


def is_data_error(error: DBAPIError) -> bool:
    state: str = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(DATA_STATES)


def is_schema_error(error: DBAPIError) -> bool:
    """Whether a table or a column is not there; SQLite tells it in words only."""
    state = getattr(error.orig, "sqlstate", None)
    words = str(error.orig)
    return state in SCHEMA_STATES or "no such table" in words or "no such column" in words


def is_unavailable(error: DBAPIError) -> bool:
    """Whether the database is away, full, locked or overloaded, as opposed to asked nonsense."""
    away = OperationalError | InterfaceError | InternalError
    if isinstance(error, away) or error.connection_invalidated:
        return True
    state: str = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(UNAVAILABLE_STATES)
