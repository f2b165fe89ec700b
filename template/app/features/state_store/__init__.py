"""Values that are read exactly once, within minutes, such as the state of a login under way."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from fastapi import FastAPI
from sqlalchemy import JSON, String, delete
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, registry
from app.core.database import Base, Database, UtcDateTime
from app.core.settings import Settings

HANDLE_BYTES = 32

type State = dict[str, Any]


class StateRow(Base):
    __tablename__ = "states"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[State] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class StateStore(Protocol):
    async def put(self, purpose: str, value: State, ttl: timedelta) -> str:
        """Keeps a JSON object. The returned handle alone opens it, and is stored nowhere."""
        ...

    async def take(self, purpose: str, handle: str) -> State | None:
        """The object, once; None for a handle of another purpose, a used or an expired one."""
        ...

    async def put_back(self, purpose: str, handle: str, value: State, ttl: timedelta) -> None:
        """Keeps it under a handle that was taken, in place of what is there."""
        ...


class DatabaseStateStore:
    """In the database, so that any instance finds what another one put."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, purpose: str, value: State, ttl: timedelta) -> str:
        handle = secrets.token_urlsafe(HANDLE_BYTES)
        await self.put_back(purpose, handle, value, ttl)
        return handle

    async def put_back(self, purpose: str, handle: str, value: State, ttl: timedelta) -> None:
        now = clock.now()
        kept = {"value": value, "expires_at": now + ttl}
        row = self._database.insert(StateRow).values(key=state_key(purpose, handle), **kept)
        async with self._database.write() as session:
            await session.execute(delete(StateRow).where(StateRow.expires_at <= now))
            await session.execute(
                row.on_conflict_do_update(index_elements=[StateRow.key], set_=kept)
            )

    async def take(self, purpose: str, handle: str) -> State | None:
        wanted = StateRow.key == state_key(purpose, handle)
        statement = delete(StateRow).where(wanted, StateRow.expires_at > clock.now())
        async with self._database.write() as session:
            return cast("State | None", await session.scalar(statement.returning(StateRow.value)))


def install(app: FastAPI, settings: Settings) -> None:
    registry.add(app, StateStore, DatabaseStateStore(registry.get(app, Database)))


def state_key(purpose: str, handle: str) -> str:
    """What a store keeps in place of the handle."""
    material = f"{purpose}/{handle}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(material).hexdigest()
