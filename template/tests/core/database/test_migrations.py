"""Revisions: applied once, whoever asks; production refuses to start without them."""

import asyncio
import threading
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection, make_url

from app.core.database import Base, migrations
from app.core.database.migrations import SchemaBehindError
from app.models.role import Role
from tests.support.databases import all_heads, sqlite_url
from tests.support.factories import logged_in
from tests.support.production import PRODUCTION
from tests.support.service import Service, Start, running

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "empty.db")


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def tables_of(service: Service) -> set[str]:
    async with service.database.engine.connect() as connection:
        return await connection.run_sync(tables)


async def test_development_starts_on_an_empty_database(empty_url: str) -> None:
    async with running(environment="development", database_url=empty_url) as service:
        tokens = await logged_in(service)
        response = await service.client.get("/api/v1/users/me", headers=tokens.header)
        names = await tables_of(service)

    assert response.status_code == 200
    assert names == set(Base.metadata.tables) | {"alembic_version"}
    assert await migrations.current(make_url(empty_url)) == all_heads()


async def test_the_roles_of_the_template_are_there_from_the_start(service: Service) -> None:
    async with service.database.read() as session:
        admin = await session.get_one(Role, "admin")
        member = await session.get_one(Role, "member")

    assert admin.permissions == ["*"]
    assert member.permissions == []


async def test_production_refuses_to_start_on_a_schema_behind(empty_url: str) -> None:
    with pytest.raises(SchemaBehindError, match="app db upgrade"):
        async with running(**PRODUCTION, database_url=empty_url):
            pass

    assert await migrations.current(make_url(empty_url)) == set()


@pytest.mark.parametrize("is_ahead", [False, True])
async def test_production_serves_a_schema_that_is_current_or_ahead(
    start: Start, is_ahead: bool
) -> None:
    if is_ahead:
        async with start() as service, service.database.write() as session:
            await session.execute(text("INSERT INTO alembic_version VALUES ('of_newer_code')"))

    async with start(**PRODUCTION) as service:
        response = await service.client.get("/api/v1/health/readiness")

    assert response.status_code == 200


async def test_a_database_that_is_away_leaves_a_process_that_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "app.db").mkdir()

    async with running(**PRODUCTION, database_url=sqlite_url(tmp_path / "app.db")) as service:
        liveness = await service.client.get("/api/v1/health/liveness")
        readiness = await service.client.get("/api/v1/health/readiness")

    await _connections_ended()
    assert liveness.status_code == 200
    assert readiness.status_code == 503
    assert readiness.json()["checks"]["database"]["status"] == "unhealthy"


async def test_downgrade_leaves_nothing_and_upgrade_brings_it_back(database_url: str) -> None:
    url = make_url(database_url)

    await migrations.run(url, lambda config: command.downgrade(config, "base"))
    at_base = await migrations.current(url)
    await migrations.upgrade(url)

    assert at_base == set()
    assert await migrations.current(url) == all_heads()


async def test_the_models_say_what_the_revisions_do(database_url: str) -> None:
    await migrations.run(make_url(database_url), command.check)


async def _connections_ended() -> None:
    """A connection that failed ends its thread by itself, and needs the loop until then."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5)
