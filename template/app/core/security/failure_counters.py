"""What parts share through the application: implementations that need no other service."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import FastAPI
from sqlalchemy import String, bindparam, case, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, registry
from app.core.database import Base, Database, UtcDateTime
from app.core.settings import Settings


class CounterRow(Base):
    __tablename__ = "counters"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


LIVE = select(CounterRow.key, CounterRow.count, CounterRow.expires_at).where(
    CounterRow.key.in_(bindparam("keys", expanding=True)),
    CounterRow.expires_at > bindparam("now"),
)


@dataclass(frozen=True)
class Count:
    value: int
    expires_at: datetime

    @property
    def seconds_left(self) -> int:
        return max(1, int((self.expires_at - clock.now()).total_seconds()) + 1)


class Counters:
    """Counts of events in a fixed window, in the database, so that all instances see one count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, keys: list[str]) -> dict[str, Count]:
        """The live counts among `keys`; an absent one is zero."""
        digests = {digest(key): key for key in keys}
        rows = await self._database.rows(LIVE, {"keys": list(digests), "now": clock.now()})
        return {digests[key]: Count(count, expires_at) for key, count, expires_at in rows}

    async def add(self, keys: list[str], window: timedelta) -> dict[str, Count]:
        """Counts one event under every key, in a transaction of its own; returns the new counts."""
        now = clock.now()
        digests = {digest(key): key for key in sorted(keys)}
        values = [{"key": key, "count": 1, "expires_at": now + window} for key in digests]
        row = self._database.insert(CounterRow).values(values)
        expired = CounterRow.expires_at <= now
        statement = row.on_conflict_do_update(
            index_elements=[CounterRow.key],
            set_={
                "count": case((expired, 1), else_=CounterRow.count + 1),
                "expires_at": case((expired, row.excluded.expires_at), else_=CounterRow.expires_at),
            },
        ).returning(CounterRow.key, CounterRow.count, CounterRow.expires_at)
        async with self._database.write() as session:
            await session.execute(delete(CounterRow).where(expired))
            rows = (await session.execute(statement)).all()
        return {digests[key]: Count(count, expires_at) for key, count, expires_at in rows}

    async def reset(self, key: str) -> None:
        async with self._database.write() as session:
            await session.execute(delete(CounterRow).where(CounterRow.key == digest(key)))


def install(app: FastAPI, settings: Settings) -> None:
    registry.add(app, Counters, Counters(registry.get(app, Database)))


def digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
