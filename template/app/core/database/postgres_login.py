"""Connections by the login in force, which may be replaced while the service runs."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
import structlog
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

log = structlog.get_logger("app.database")

CLOSE_TIMEOUT_SECONDS = 0.5
LOGIN = "login"
REFUSALS = (asyncpg.InvalidAuthorizationSpecificationError,)
"""A wrong password is one of them."""


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


def install(engine: AsyncEngine, login: PostgresLogin) -> None:
    _logins[engine.sync_engine] = login
    event.listen(engine.sync_engine, "connect", partial(_note_login, login))
    event.listen(engine.sync_engine, "checkout", partial(_refuse_outdated, login))


def login_of(engine: AsyncEngine) -> PostgresLogin | None:
    """None for an engine of another database."""
    return _logins.get(engine.sync_engine)


async def connect(*arguments: Any, **options: Any) -> Any:
    """Raises asyncpg's InterfaceError where no server answers, which SQLAlchemy translates."""
    try:
        return await asyncpg.connect(*arguments, **options, connection_class=Connection)
    except (OSError, TimeoutError) as error:
        raise asyncpg.InterfaceError(f"no connection: {type(error).__name__}") from error


def _account(url: URL) -> dict[str, Any]:
    return url.translate_connect_args(username="user")


def _note_login(login: PostgresLogin, _: Any, record: ConnectionPoolEntry) -> None:
    record.info[LOGIN] = login.number


def _refuse_outdated(login: PostgresLogin, _: Any, record: ConnectionPoolEntry, __: Any) -> None:
    if record.info.get(LOGIN) != login.number:
        raise DisconnectionError


async def _no_other() -> None: ...
