"""What a database's error means: which constraint was violated, or that it cannot answer now."""

import re

from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)

from app.core.database.sessions import Base

DATA_STATES = "22"
SCHEMA_STATES = ("42P01", "42703")
# Connection, rollback by the server, resources, locks, operator intervention, system: PostgreSQL's
# Appendix A by class.
UNAVAILABLE_STATES = ("08", "40", "53", "55", "57", "58")


def violated_constraint(error: IntegrityError) -> str | None:
    """PostgreSQL tells the name, SQLite only the columns."""
    driver_error = getattr(error.orig, "__cause__", None)
    name: str | None = getattr(driver_error, "constraint_name", None)
    if name is not None:
        return name
    match = re.search(r"UNIQUE constraint failed: (?P<columns>.+)", str(error.orig))
    return _unique_constraint(match["columns"].split(", ")) if match else None


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


def _unique_constraint(qualified_columns: list[str]) -> str | None:
    table_name = qualified_columns[0].partition(".")[0]
    columns = {name.partition(".")[2] for name in qualified_columns}
    table = Base.metadata.tables.get(table_name)
    if table is None:
        return None
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and set(constraint.columns.keys()) == columns:
            return str(constraint.name)
    return None
