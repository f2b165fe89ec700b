"""PostgreSQL by asyncpg: every wait has an end, and a dead connection is not handed out."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import asyncpg
from pydantic import Field
from sqlalchemy import event, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from app.core.database import postgres_backup, postgres_login
from app.core.database.engine_kind import EngineKind
from app.core.database.postgres_login import PostgresLogin
from app.core.settings import Settings, SettingsGroup

CONNECT_TIMEOUT_SECONDS = 2
CLIENT_MARGIN_SECONDS = 0.5
"""The server cancels a statement first; the client's own limit is for a server that hangs."""
TRUSTED_IDLE_SECONDS = 5
"""A connection used within this time is handed out without asking the server."""
CHECKED_IN_AT = "checked_in_at"
DYING = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What a ping may end in; the third one between the server's last word and its hanging up."""


class PostgresSettings(SettingsGroup):
    database_pool_size: int = Field(10, ge=1, le=200)
    """Connections of one process."""
    database_pool_timeout_seconds: float = Field(2, gt=0, le=30)
    """How long a request waits for a connection before it ends as 503."""
    database_statement_timeout_seconds: float = Field(3, gt=0, le=600)
    """A statement that takes longer is cancelled, and the request ends as 503."""
    database_lock_timeout_seconds: float = Field(2, gt=0, le=600)
    """How long a statement waits for a lock."""
    database_transaction_pooling: bool = False
    """A pooler such as pgbouncer hands out a server's connection for a transaction only."""


def create(url: URL, settings: Settings) -> AsyncEngine:
    login = PostgresLogin(url)
    group = settings.group(PostgresSettings)
    statement_timeout = group.database_statement_timeout_seconds
    engine = create_async_engine(
        url,
        pool_size=group.database_pool_size,
        max_overflow=0,
        pool_timeout=group.database_pool_timeout_seconds,
        hide_parameters=True,
        connect_args={
            "async_creator_fn": login.connect,
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": statement_timeout + CLIENT_MARGIN_SECONDS,
            **_kept(group),
        },
    )
    postgres_login.install(engine, login)
    event.listen(engine.sync_engine, "checkin", _note_time)
    event.listen(engine.sync_engine, "checkout", _refuse_dead)
    return engine


def create_for_migrations(url: URL) -> AsyncEngine:
    """Without statement timeouts; `migrations/env.py` takes an advisory lock."""
    connect_args = {"async_creator_fn": postgres_login.connect, "timeout": CONNECT_TIMEOUT_SECONDS}
    return create_async_engine(url, poolclass=NullPool, connect_args=connect_args)


def read_options(settings: Settings) -> dict[str, Any]:
    """In AUTOCOMMIT a pooler could prepare a statement on one connection and run it on another."""
    is_pooled = settings.group(PostgresSettings).database_transaction_pooling
    return {} if is_pooled else {"isolation_level": "AUTOCOMMIT"}


async def try_lock(session: AsyncSession, number: int) -> bool:
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))


ENGINE = EngineKind(
    drivername="postgresql+asyncpg",
    schemes=frozenset({"postgres", "postgresql", "postgresql+asyncpg"}),
    settings=PostgresSettings,
    create=create,
    create_for_migrations=create_for_migrations,
    insert=insert,
    read_options=read_options,
    backup=postgres_backup.backup,
    restore=postgres_backup.restore,
    try_lock=try_lock,
)


def _kept(group: PostgresSettings) -> dict[str, Any]:
    """What a connection keeps from one transaction to the next.

    Behind a pooler that is nothing, and no name is used twice: timeouts belong to the role there.
    """
    if group.database_transaction_pooling:
        return {
            "server_settings": {"application_name": "app"},
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"__app_{uuid4()}__",
        }
    statement_timeout = group.database_statement_timeout_seconds
    return {
        "server_settings": {
            "application_name": "app",
            "statement_timeout": _milliseconds(statement_timeout),
            "lock_timeout": _milliseconds(group.database_lock_timeout_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(2 * statement_timeout),
        }
    }


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _note_time(_: Any, record: ConnectionPoolEntry) -> None:
    record.info[CHECKED_IN_AT] = time.monotonic()


def _refuse_dead(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """A ping costs a read more than the read itself: only connections that idled get one.

    Raising DisconnectionError makes the pool open another connection in its place.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    idle_seconds = time.monotonic() - record.info.get(CHECKED_IN_AT, time.monotonic())
    if idle_seconds > TRUSTED_IDLE_SECONDS:
        try:
            connection.run_async(_answers)
        except DYING as error:
            raise DisconnectionError from error


async def _answers(connection: Any) -> None:
    async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS / 2):
        await connection.fetchrow(";")
