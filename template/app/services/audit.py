"""The audit trail: one entry for each change of who may do what.

`audit_chain.py` seals what was committed, `audit_sealer.py` has it done soon after each commit.
"""

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Literal
from typing import cast
from uuid import UUID

import orjson
from sqlalchemy import Table
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app.core import clock
from app.core import origin
from app.core.database import Database
from app.core.database import WriteSession
from app.models.audit_entry import AuditEntry
from app.services.audit_keys import AuditKeys
from app.services.audit_keys import content

TRAIL = "audit_trail"
PENDING = "audit_pending"
INSERT = insert(cast("Table", AuditEntry.__table__))

type Committed = Callable[[], Awaitable[None]]


class AuditTrail:
    """Signs entries; `committed` is told when some were."""

    def __init__(self, keys: AuditKeys) -> None:
        self.keys = keys
        self.committed: Committed | None = None


def attach(database: Database, trail: AuditTrail) -> None:
    """What is written to this database from now on can be recorded."""
    database.session_info[TRAIL] = trail


def record(
    session: WriteSession,
    action: str,
    *,
    actor_id: UUID | None,
    target: str | None = None,
    outcome: Literal["success", "failure"] = "success",
    **detail: Any,
) -> None:
    """Adds an entry to the transaction: both are committed, or neither.

    `action` is a dotted name, e.g. `user.created`; `target` names what was changed, e.g.
    `user:<id>`. The address, the user agent and the correlation id are those of the request.
    `detail` is what JSON can say, and never a secret.
    """
    source = origin.current()
    entry = {
        "id": uuid7(),
        "at": clock.now(),
        "actor_id": actor_id,
        "action": action,
        "target": target,
        "outcome": outcome,
        "ip": source.ip,
        "user_agent": source.user_agent,
        "correlation_id": source.correlation_id,
        "detail": orjson.loads(orjson.dumps(detail, default=str)),
    }
    trail: AuditTrail = session.info[TRAIL]
    entry["mac"] = trail.keys.sign("entry", content(entry))
    _pending(session, trail).append(entry)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`[old, new]` for each field of `after` that differs; hand in no secret."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def _pending(session: WriteSession, trail: AuditTrail) -> list[dict[str, Any]]:
    """Inserted at once, as the last statement of the transaction: no unit of work."""
    if PENDING not in session.info:
        entries: list[dict[str, Any]] = []
        session.info[PENDING] = entries

        async def write() -> None:
            del session.info[PENDING]
            await session.execute(INSERT, entries)

        session.before_commit(write)
        if trail.committed is not None:
            session.after_commit(trail.committed)
    pending: list[dict[str, Any]] = session.info[PENDING]
    return pending
