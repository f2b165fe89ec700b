"""The audit trail: one entry for each change of who may do what.

`chain.py` seals what was committed, `sealer.py` has it done soon after each commit.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson
from sqlalchemy import Table, insert
from uuid_utils.compat import uuid7

from app.core import clock, request_info
from app.core.database import Database, WriteSession
from app.core.security.events import SecurityEvent
from app.features.audit.chain import seal_all
from app.features.audit.keys import AuditKeys, content
from app.features.audit.models import AuditEntry

PENDING = "audit_pending"
INSERT = insert(cast("Table", AuditEntry.__table__))

type Committed = Callable[[], Awaitable[None]]


class AuditTrail:
    """Adds a signed entry to the transaction of each event; `committed` is told of commits."""

    def __init__(self, database: Database, keys: AuditKeys) -> None:
        self._database = database
        self._keys = keys
        self.committed: Committed | None = None

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
        entry["mac"] = self._keys.sign("entry", content(entry))
        self._pending(session).append(entry)

    async def settle(self) -> None:
        await seal_all(self._database, self._keys)

    def _pending(self, session: WriteSession) -> list[dict[str, Any]]:
        """Inserted together, as the last statement of the transaction: no unit of work."""
        if PENDING not in session.info:
            entries: list[dict[str, Any]] = []
            session.info[PENDING] = entries

            async def write() -> None:
                del session.info[PENDING]
                await session.execute(INSERT, entries)

            session.before_commit(write)
            if self.committed is not None:
                session.after_commit(self.committed)
        pending: list[dict[str, Any]] = session.info[PENDING]
        return pending
