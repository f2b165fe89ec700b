"""Queries of the audit trail. Entries are never changed here."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, or_, select

from app.core import clock
from app.core.database import Database
from app.core.database.repository import Statement, fetch_page, paged
from app.core.security import events
from app.core.security.principal import Principal
from app.features.audit.models import AuditEntry
from app.features.audit.schemas import AuditFilters, AuditQuery

EXPORT_BATCH = 500
LISTED = select(
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.actor_id,
    AuditEntry.action,
    AuditEntry.target,
    AuditEntry.outcome,
    AuditEntry.ip,
    AuditEntry.user_agent,
    AuditEntry.correlation_id,
    AuditEntry.detail,
)
FILTERS = {
    "actor_id": AuditEntry.actor_id == bindparam("actor_id"),
    "action": AuditEntry.action == bindparam("action"),
    "target": AuditEntry.target == bindparam("target"),
    "since": AuditEntry.at >= bindparam("since"),
    "until": AuditEntry.at < bindparam("until"),
}
AFTER = and_(
    AuditEntry.at >= bindparam("last_at"),
    or_(AuditEntry.at > bindparam("last_at"), AuditEntry.id > bindparam("last_id")),
)


async def find_entries(database: Database, query: AuditQuery) -> tuple[list[dict[str, Any]], int]:
    given = _given(query)
    statement = paged(_ordered(tuple(given), query.order_by))
    return await fetch_page(database.rows, statement, query, given)


async def export(database: Database, filters: AuditFilters) -> AsyncIterator[bytes]:
    """One JSON object a line, oldest first, as the trail stands now; a few hundred at a time.

    Every part is a read of its own: no transaction stays open while a client is slow.
    """
    given = {"until": clock.now(), **_given(filters)}
    statement = _ordered(tuple(given), "at").limit(EXPORT_BATCH)
    rows = await database.rows(statement, given)
    while rows:
        yield b"".join(_line(row._mapping) for row in rows)
        last = {"last_at": rows[-1].at, "last_id": rows[-1].id}
        rows = await database.rows(statement.where(AFTER), given | last)


def _given(filters: AuditFilters) -> dict[str, Any]:
    values = {name: getattr(filters, name) for name in FILTERS}
    return {name: value for name, value in values.items() if value is not None}


@lru_cache
def _ordered(filters: tuple[str, ...], order_by: str) -> Statement:
    statement: Statement = LISTED.where(*(FILTERS[name] for name in filters))
    if order_by == "at":
        return statement.order_by(AuditEntry.at, AuditEntry.id)
    return statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _line(entry: Any) -> bytes:
    return orjson.dumps(
        dict(entry), default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    )


async def exported(
    database: Database, filters: AuditFilters, reader: Principal
) -> AsyncIterator[bytes]:
    """The first part is read before this returns: what fails then is answered as an error."""
    parts = export(database, filters)
    first = await anext(parts, b"")
    asked = filters.model_dump(mode="json", by_alias=True, exclude_none=True)
    async with database.write() as session:
        events.record(session, "audit.exported", actor_id=reader.id, filters=asked)
    return _joined(first, parts)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
