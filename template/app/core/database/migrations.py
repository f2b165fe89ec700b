"""Alembic without its ini file: the template's branches and the owner's, upgraded under a lock.

`migrations/baseline/` and `migrations/features/<name>/` are the template's, one branch each;
`migrations/versions/` is the owner's branch `own`.
"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import to_tuple
from fastapi import FastAPI
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core import health, lifespan, registry
from app.core.database.sessions import Database
from app.core.database.settings import engine_kind
from app.core.settings import Settings

log = structlog.get_logger("app.migrations")

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
OWN_VERSIONS = MIGRATIONS / "versions"


class SchemaBehindError(RuntimeError):
    """Production starts only on a schema that is up to date."""


class Schema:
    """Checked at start, and again by readiness until the database has answered.

    A revision ahead of this code is served, with a warning.
    """

    def __init__(self, database: Database, *, upgrades: bool) -> None:
        self._database = database
        self._upgrades = upgrades
        self._is_current = False

    async def ping(self) -> None:
        """Raises SchemaBehindError where it may not upgrade, and errors of the driver."""
        if self._is_current:
            return
        async with self._database.engine.connect() as connection:
            missing = await connection.run_sync(_missing)
        if missing and not self._upgrades:
            raise SchemaBehindError("the database schema is behind: run `app db upgrade` first")
        if missing:
            await upgrade(self._database.engine.url)
        self._is_current = True


def install(app: FastAPI, settings: Settings) -> None:
    schema = Schema(registry.get(app, Database), upgrades=not settings.runtime.is_production)
    health.register(app, "schema", schema.ping, critical=True)

    @asynccontextmanager
    async def checked() -> AsyncIterator[None]:
        try:
            await schema.ping()
        except (DBAPIError, PoolTimeoutError, TimeoutError, OSError) as error:
            log.warning("migrations.database_unreachable", error=type(error).__name__)
        yield

    lifespan.add(app, checked)


async def upgrade(url: URL, revision: str = "heads") -> None:
    """Safe to start several times at once: one applies, the others wait and find nothing to do."""
    await run(url, lambda config: command.upgrade(config, revision))


async def current(url: URL) -> set[str]:
    """Ids of the revisions that the database is at, one a branch."""
    engine = engine_kind(url).create_for_migrations(url)
    try:
        async with engine.connect() as connection:
            return set(await connection.run_sync(_current))
    finally:
        await engine.dispose()


def heads() -> set[str]:
    """Where a database is when nothing is missing; a head that another depends on is implied."""
    script = ScriptDirectory.from_config(configuration())
    needed = (to_tuple(revision.dependencies, default=()) for revision in script.walk_revisions())
    return set(script.get_heads()) - set(chain.from_iterable(needed))


async def run(url: URL, action: Callable[[Config], Any]) -> None:
    """Runs an Alembic command on a connection of its own, without the timeouts of requests."""
    engine = engine_kind(url).create_for_migrations(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run_on, action)
    finally:
        await engine.dispose()


def configuration() -> Config:
    config = Config(stdout=sys.stdout)  # its default is the stdout of the import
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, _version_locations())))
    return config


def _version_locations() -> list[Path]:
    features = sorted(path for path in (MIGRATIONS / "features").glob("*") if path.is_dir())
    return [MIGRATIONS / "baseline", *features, OWN_VERSIONS]


def _run_on(connection: Connection, action: Callable[[Config], Any]) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    action(config)


def _current(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


def _missing(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(configuration())
    current = _current(connection)
    applied = _applied(script, current)
    if not applied.issuperset(current):
        log.warning("migrations.schema_ahead", unknown=sorted(set(current) - applied))
    return any(revision.revision not in applied for revision in script.walk_revisions())


def _applied(script: ScriptDirectory, at: tuple[str, ...]) -> set[str]:
    """Every revision below the current ones; ids this code does not know are another version's."""
    known = {revision.revision for revision in script.walk_revisions()}
    return {
        revision.revision
        for head in at
        if head in known
        for revision in script.iterate_revisions(head, "base", implicit_base=True)
    }
