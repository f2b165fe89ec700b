"""The audit trail: one entry for each change of who may do what."""

from datetime import datetime
from typing import Any, cast

import orjson
from pydantic import Field
from sqlalchemy import Table, bindparam, delete, insert, select
from uuid_utils.compat import uuid7

from app.core import clock, request_info
from app.core.database import Database, WriteSession
from app.core.security import events
from app.core.security.events import SecurityEvent
from app.core.settings import SettingsGroup
from app.features.audit.models import AuditEntry

PENDING = "audit_pending"
PRUNED_AT_ONCE = 1000
entries = cast("Table", AuditEntry.__table__)
INSERT = insert(entries)
OLD = select(entries.c.id).where(entries.c.at < bindparam("before")).limit(PRUNED_AT_ONCE)
PRUNE = delete(entries).where(entries.c.id.in_(OLD)).returning(entries.c.id)


class AuditSettings(SettingsGroup):
    audit_retention_days: int | None = Field(None, ge=1)
    """How long `app audit prune` leaves an entry; unset keeps all."""


class AuditTrail:
    """Adds an entry to the transaction of each event."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, session: WriteSession, event: SecurityEvent) -> None:
        """The address, the user agent and the correlation id are those of the request."""
        client = request_info.current()
        entry = {
            "id": uuid7(),
            "at": clock.now(),
            "actor_id": event.actor_id,
            "action": event.action,
            "target": event.target,
            "outcome": event.outcome,
            "ip": client.ip,
            "user_agent": client.user_agent,
            "correlation_id": client.correlation_id,
            "detail": orjson.loads(orjson.dumps(event.detail, default=str)),
        }
        self.add(session, entry)

    def add(self, session: WriteSession, entry: dict[str, Any]) -> None:
        """Inserted with the others as the last statement of the transaction: no unit of work."""
        if PENDING not in session.info:
            session.info[PENDING] = []

            async def write() -> None:
                await session.execute(INSERT, session.info.pop(PENDING))

            session.before_commit(write)
        session.info[PENDING].append(entry)

    async def settle(self) -> None: ...

    async def prune(self, before: datetime) -> int:
        """Removes the entries older than `before`, and records it; returns how many."""
        removed = 0
        while count := await self.prune_some(before):
            removed += count
        return removed

    async def prune_some(self, before: datetime) -> int:
        async with self.database.write() as session:
            removed = len((await session.scalars(PRUNE, {"before": before})).all())
            if removed:
                events.record(session, "audit.pruned", actor_id=None, entries=removed)
        return removed
