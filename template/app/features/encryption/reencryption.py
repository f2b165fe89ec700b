"""What is encrypted at rest, all of it under the newest key: in pages, while the service serves.

A row that changes meanwhile is left alone: whoever wrote it has encrypted it anew.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, select, update

from app.core.database import Database, WriteSession
from app.features.encryption import Encryption, UndecryptableError
from app.features.encryption.columns import EncryptedColumn

PAGE = 100


@dataclass(frozen=True)
class Progress:
    seen: int = 0
    renewed: int = 0
    unreadable: int = 0
    """No key that is configured encrypted them."""


class Reencryption:
    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def run(self, column: EncryptedColumn) -> AsyncIterator[Progress]:
        """How far it is after each page, a transaction of its own."""
        progress, after = Progress(), None
        while page := await self._page(column, after):
            async with self._database.write() as session:
                states = [await self._renewed(session, column, key, value) for key, value in page]
            progress = Progress(
                seen=progress.seen + len(page),
                renewed=progress.renewed + states.count(True),
                unreadable=progress.unreadable + states.count(None),
            )
            yield progress
            after = page[-1][0]

    async def _page(self, column: EncryptedColumn, after: UUID | None) -> Sequence[Row[UUID, str]]:
        statement = select(column.key, column.value).order_by(column.key).limit(PAGE)
        if after is not None:
            statement = statement.where(column.key > after)
        async with self._database.read() as session:
            return (await session.execute(statement)).all()

    async def _renewed(
        self, session: WriteSession, column: EncryptedColumn, key: UUID, value: str
    ) -> bool | None:
        """Whether it was stored anew; None for what no key reads."""
        try:
            sealed = self._encryption.renewed(column.purpose(key), value)
        except UndecryptableError:
            return None
        if sealed is None:
            return False
        statement = update(column.key.class_).where(column.key == key, column.value == value)
        stored = statement.values({column.value: sealed}).returning(column.key)
        return await session.scalar(stored) is not None
