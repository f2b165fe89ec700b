"""Engine, sessions and the one place that commits.

A read session runs in AUTOCOMMIT and refuses to flush; a write session is one transaction.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from fastapi import FastAPI, Request
from sqlalchemy import DateTime, Dialect, Executable, MetaData, Row, TypeDecorator, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Session

from app.core import health, lifespan, registry
from app.core.database.settings import ENGINES, database_url, engine_kind
from app.core.settings import Settings

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

log = structlog.get_logger("app.database")

type Work = Callable[[], Awaitable[None]]
type OnRightsChanged = Callable[[UUID | None], Awaitable[None]]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every engine; SQLite keeps no offset of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime has no meaning here: use app.core.clock.now()")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """None, which means no work at all, where the driver returns aware values itself."""
        if dialect.name == "sqlite":
            return super().result_processor(dialect, coltype)
        return None


class ReadOnlyError(RuntimeError):
    """A read session was asked to write: the endpoint needs SessionDep."""


class _NoFlush(Session):
    def flush(self, objects: Any = None) -> None:
        if self.new or self.dirty or self.deleted:
            raise ReadOnlyError("a read session cannot write: ask for SessionDep")


class ReadSession(AsyncSession):
    sync_session_class = _NoFlush


class WriteSession(AsyncSession):
    """A session whose transaction its maker commits."""

    def __init__(self, database: "Database") -> None:
        super().__init__(database.engine, expire_on_commit=False, info=database.session_info)
        self._on_rights_changed = database.on_rights_changed
        self._beforehand: list[Work] = []
        self._afterwards: list[Work] = []

    def rights_changed(self, user_id: UUID | None) -> None:
        """Said by whoever ends sessions or changes what a user may do; None concerns everybody."""
        self.after_commit(partial(self._on_rights_changed, user_id))

    def before_commit(self, work: Work) -> None:
        """Runs as the last statements of the transaction, and never if it is rolled back."""
        self._beforehand.append(work)

    def after_commit(self, work: Work) -> None:
        """Runs once the transaction is committed, and never if it is not; a failure is logged."""
        self._afterwards.append(work)

    async def commit(self) -> None:
        while self._beforehand:
            await self._beforehand.pop(0)()
        await super().commit()
        while self._afterwards:
            work = self._afterwards.pop(0)
            try:
                await work()
            except Exception:  # the change is committed: the request must not fail any more
                log.exception("database.after_commit_failed")


class Database:
    def __init__(self, url: URL, settings: Settings) -> None:
        kind = engine_kind(url)
        self.insert = kind.insert
        self.session_info: dict[str, Any] = {}  # what parts leave for sessions that write
        self.for_reads = self
        """Where endpoints read; a part may put a copy here, which may miss the latest writes."""
        self.engine = kind.create(url, settings)
        self._read_engine = self.engine.execution_options(**kind.read_options(settings))
        self.on_rights_changed: OnRightsChanged = _nobody_listens

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        session = ReadSession(self._read_engine, expire_on_commit=False)
        async with session, _abandoned_at_timeout(session):
            yield session

    async def rows(
        self, statement: Executable, parameters: Mapping[str, Any]
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """One read on a bare connection: no session, for the statement of every request."""
        async with self._read_engine.connect() as connection:
            try:
                return (await connection.execute(statement, parameters)).all()
            except TimeoutError:
                await connection.invalidate()
                raise

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        session = WriteSession(self)
        async with session, _abandoned_at_timeout(session):
            yield session
            await session.commit()

    async def ping(self) -> None:
        async with self._read_engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def install(app: FastAPI, settings: Settings) -> None:
    for kind in ENGINES:
        settings.group(kind.settings)
    database = Database(database_url(settings), settings)
    registry.add(app, Database, database)
    health.register(app, "database", database.ping, critical=True)

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await database.close()

    lifespan.add(app, closed_at_the_end)


def database_of(request: Request) -> Database:
    return registry.get(request, Database)


async def _nobody_listens(user_id: UUID | None) -> None: ...


@asynccontextmanager
async def _abandoned_at_timeout(session: AsyncSession) -> AsyncIterator[None]:
    """A connection on which a statement hangs is dropped: a rollback would hang on it too."""
    try:
        yield
    except TimeoutError:
        await session.invalidate()
        raise
