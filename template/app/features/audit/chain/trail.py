"""An audit trail whose entries are signed when they are written, and sealed once committed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from app.core.database import Database, WriteSession
from app.features.audit.chain.keys import AuditKeys, content
from app.features.audit.chain.sealer import seal_all
from app.features.audit.chain.verification import prune_some
from app.features.audit.trail import AuditTrail


class ChainedTrail(AuditTrail):
    """`committed` is told of commits."""

    def __init__(self, database: Database, keys: AuditKeys) -> None:
        super().__init__(database)
        self.keys = keys
        self.committed: Callable[[], Awaitable[None]] | None = None

    def add(self, session: WriteSession, entry: dict[str, Any]) -> None:
        super().add(session, entry | {"mac": self.keys.sign("entry", content(entry))})
        if self.committed is not None:
            session.after_commit(self.committed)

    async def settle(self) -> None:
        await seal_all(self.database, self.keys)

    async def prune_some(self, before: datetime) -> int:
        """Raises BrokenChainError, and removes nothing more, at an entry that was changed."""
        return await prune_some(self.database, self.keys, before)
