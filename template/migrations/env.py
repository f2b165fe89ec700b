"""What Alembic runs: always on the connection that `app.core.database.migrations` hands over.

Template-owned. Your own revisions belong in `migrations/versions/`.
"""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import text
from sqlalchemy.engine import Connection

from app import installed, main
from app.core.database import Base, UtcDateTime
from app.core.exact_decimal import ExactDecimal

ADVISORY_LOCK = 7_046_029_254_386_353
"""One number for all instances that migrate one PostgreSQL database."""

TABLES = (main, installed.DOMAINS)
"""Imported, so that `Base.metadata` holds every table."""


def lock(connection: Connection) -> None:
    """SQLite has its lock already: the transaction began with BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": ADVISORY_LOCK})
        # Only now: waiting for another migration may take longer than waiting for a table.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Writes our column types without a path into the application."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("from app.core.database import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, ExactDecimal):
        return item.migration()
    return False


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run migrations with `app db`, which knows the database")
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    lock(connection)
    context.run_migrations()
