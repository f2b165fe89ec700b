"""Another password for PostgreSQL while the service runs, published before or after it is set."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.core.database.postgres import REFUSALS, PostgresLogin, login_of
from app.core.database.settings import DatabaseSettings
from app.core.settings import Settings
from app.features.secrets import reload
from app.features.secrets.database import DatabaseLoginRotation
from app.main import create_app
from tests.support.factories import logged_in
from tests.support.postgres_password import GuardedPostgres, guarded_postgres
from tests.support.secret_files import SecretFiles
from tests.support.service import SECRET_KEY, Service, entered

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

ME = "/api/v1/users/me"
FIRST, SECOND = "first-4711", "second-4711"
AT_ONCE = 8


@pytest.fixture(scope="module")
def server() -> Iterator[GuardedPostgres]:
    with guarded_postgres(FIRST) as server:
        yield server


@pytest.fixture
def database(server: GuardedPostgres) -> GuardedPostgres:
    server.alter(FIRST)
    return server


def login_in_use(service: Service) -> PostgresLogin:
    login = login_of(service.database.engine)
    assert login is not None
    return login


async def statuses(service: Service, header: dict[str, str]) -> set[int]:
    """Of many requests at once, which need many connections."""
    answers = (service.client.get(ME, headers=header) for _ in range(AT_ONCE))
    return {answer.status_code for answer in await asyncio.gather(*answers)}


@pytest.mark.parametrize("is_published_first", [True, False])
async def test_the_order_is_free_and_old_connections_go(
    database: GuardedPostgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_published_first: bool,
) -> None:
    monkeypatch.setattr(reload, "SETTLING_SECONDS", 0)
    files = SecretFiles(tmp_path / "secrets")
    files.put(database_url=database.url(FIRST), secret_key=SECRET_KEY)
    publish = partial(files.put, database_url=database.url(SECOND))
    alter = partial(database.alter, SECOND)
    settings = Settings(
        env_file=None,
        environment="test",
        secrets_dir=files.directory,
        secrets_reload_seconds=0.02,
        database_pool_timeout_seconds=30,
    )
    async with entered(create_app(settings)) as service:
        login = login_in_use(service)
        tokens = await logged_in(service)
        seen = await statuses(service, tokens.header)
        before = await asyncio.to_thread(database.connections)
        if is_published_first:
            publish()
            seen |= await statuses(service, tokens.header)
        await asyncio.to_thread(alter)
        publish()
        async with asyncio.timeout(30):
            while login.number == 0 or await asyncio.to_thread(database.connections) & before:
                seen |= await statuses(service, tokens.header)

    assert seen == {200}
    assert login.url.password == SECOND


async def test_a_connection_that_is_refused_looks_for_another_password(
    database: GuardedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before the next look at the files, and a replica's connection as well."""
    monkeypatch.setattr(reload, "SETTLING_SECONDS", 0)
    files = SecretFiles(tmp_path / "secrets")
    files.put(database_url=database.url(FIRST), database_read_url=database.url(FIRST))
    settings = Settings(env_file=None, environment="test", secrets_dir=files.directory)
    async with entered(create_app(settings)) as service:
        await asyncio.to_thread(database.alter, SECOND)
        files.put(database_url=database.url(SECOND), database_read_url=database.url(SECOND))

        await service.database.for_reads.ping()
        await service.database.ping()


async def test_what_the_server_never_takes_is_not_used(
    database: GuardedPostgres, tmp_path: Path
) -> None:
    settings = Settings(env_file=None, environment="test", database_url=database.url(FIRST))
    async with entered(create_app(settings)) as service:
        login = login_in_use(service)
        rotation = DatabaseLoginRotation(service.database, login, "database_url")
        async with rotation.ended_at_the_end():
            for url in (database.url("never"), database.url("never again")):
                await rotation.follow(DatabaseSettings(_env_file=None, database_url=url))
            await service.database.ping()
            assert login.offered is not None
            offered = login.offered.password
            await rotation.follow(
                DatabaseSettings(_env_file=None, database_url=database.url(FIRST))
            )
            await rotation.follow(DatabaseSettings(_env_file=None))
            await rotation.follow(
                DatabaseSettings(_env_file=None, database_url="sqlite+aiosqlite:///other.db")
            )

        assert offered == "never again"
        assert login.offered is None
        assert login.number == 0


async def test_without_another_password_a_refusal_stays_one(database: GuardedPostgres) -> None:
    settings = Settings(env_file=None, environment="test", database_url=database.url("wrong"))
    async with entered(create_app(settings)) as service:
        with pytest.raises(Exception, match="password authentication failed") as caught:
            await service.database.ping()

    assert isinstance(caught.value.__cause__.__cause__, REFUSALS)  # type: ignore[union-attr]  # the driver's own
