"""PostgreSQL by asyncpg: every wait has an end, and a dead connection is not handed out."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

import asyncpg
import structlog
from pydantic import Field
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from app.core.database import postgres_backup
from app.core.database.engine_kind import EngineKind
from app.core.settings import Settings, SettingsGroup

CONNECT_TIMEOUT_SECONDS = 2
CLIENT_MARGIN_SECONDS = 0.5
"""The server cancels a statement first; the client's own limit is for a server that hangs."""
TRUSTED_IDLE_SECONDS = 5
"""A connection used within this time is handed out without asking the server."""
CLOSE_TIMEOUT_SECONDS = 0.5
CHECKED_IN_AT = "checked_in_at"
LOGIN = "login"
DYING = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What a ping may end in; the third one between the server's last word and its hanging up."""
REFUSALS = (asyncpg.InvalidAuthorizationSpecificationError,)
"""A wrong password is one of them."""

log = structlog.get_logger("app.database")


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


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Closes within a bound, also when the server has stopped answering."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await super().close(timeout=min(timeout or CLOSE_TIMEOUT_SECONDS, CLOSE_TIMEOUT_SECONDS))


class PostgresLogin:
    def __init__(self, url: URL) -> None:
        self.url = url
        self.offered: URL | None = None
        self.number = 0
        """A connection that was opened with a smaller one is replaced at its next use."""
        self.ask_for_another: Callable[[], Awaitable[None]] = _no_other
        """Called where the server refuses each login that is known."""

    def took(self, url: URL) -> None:
        """The server has accepted it."""
        if url == self.offered:
            self.url, self.offered = url, None
            self.number += 1
            log.info("database.login_replaced")

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        """With the login in force, or with the one that is to replace it."""
        try:
            return await self._connect(arguments, options)
        except REFUSALS:
            await self.ask_for_another()
            return await self._connect(arguments, options)

    async def _connect(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Raises the last of REFUSALS."""
        *others, last = [self.url] if self.offered is None else [self.url, self.offered]
        for url in others:
            with suppress(*REFUSALS):
                return await connect(*arguments, **options | _account(url))
        connection = await connect(*arguments, **options | _account(last))
        self.took(last)
        return connection


_logins: WeakKeyDictionary[Engine, PostgresLogin] = WeakKeyDictionary()


def login_of(engine: AsyncEngine) -> PostgresLogin | None:
    """None for an engine of another database."""
    return _logins.get(engine.sync_engine)


async def connect(*arguments: Any, **options: Any) -> Any:
    """Raises asyncpg's InterfaceError where no server answers, which SQLAlchemy translates."""
    try:
        return await asyncpg.connect(*arguments, **options, connection_class=Connection)
    except (OSError, TimeoutError) as error:
        raise asyncpg.InterfaceError(f"no connection: {type(error).__name__}") from error


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
    _logins[engine.sync_engine] = login
    event.listen(engine.sync_engine, "connect", partial(_note_login, login))
    event.listen(engine.sync_engine, "checkin", _note_time)
    event.listen(engine.sync_engine, "checkout", partial(_refuse_unusable, login))
    return engine


def create_for_migrations(url: URL) -> AsyncEngine:
    """Without statement timeouts; `migrations/env.py` takes an advisory lock."""
    connect_args = {"async_creator_fn": connect, "timeout": CONNECT_TIMEOUT_SECONDS}
    return create_async_engine(url, poolclass=NullPool, connect_args=connect_args)


def read_options(settings: Settings) -> dict[str, Any]:
    """In AUTOCOMMIT a pooler could prepare a statement on one connection and run it on another."""
    is_pooled = settings.group(PostgresSettings).database_transaction_pooling
    return {} if is_pooled else {"isolation_level": "AUTOCOMMIT"}


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


def _account(url: URL) -> dict[str, Any]:
    return url.translate_connect_args(username="user")


async def _no_other() -> None: ...


def _note_login(login: PostgresLogin, _: Any, record: ConnectionPoolEntry) -> None:
    record.info[LOGIN] = login.number


def _note_time(_: Any, record: ConnectionPoolEntry) -> None:
    record.info[CHECKED_IN_AT] = time.monotonic()


def _refuse_unusable(
    login: PostgresLogin, connection: Any, record: ConnectionPoolEntry, _: Any
) -> None:
    """A ping costs a read more than the read itself: only connections that idled get one.

    Raising DisconnectionError makes the pool open another connection in its place.
    """
    if record.info.get(LOGIN) != login.number or connection.driver_connection.is_closed():
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
