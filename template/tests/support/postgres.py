"""A PostgreSQL for the whole run, and a database of its own for every test.

Template-owned. The controller of xdist starts the server and migrates one database; each worker
clones it. TEST_DATABASE_URL=sqlite runs the same tests on SQLite; a URL, on a server of yours whose
user may create databases.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url

from app.core.database import migrations
from app.core.database.settings import parse_url
from tests.support.databases import Databases, SqliteFiles
from tests.support.postgres_server import PostgresServer

CONNECT_TIMEOUT_SECONDS = 10
SERVER = pytest.StashKey[PostgresServer]()
DATABASES = pytest.StashKey["PostgresDatabases"]()


class PostgresDatabases:
    """A clone costs a few milliseconds, a migration fifty."""

    def __init__(self, server_url: str, prefix: str, owner: str = "main") -> None:
        self.server_url = server_url
        self.prefix = prefix
        self._names = (f"{prefix}_{owner}_{number}" for number in count(1))
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._admin = self._run(
            asyncpg.connect(_plain(make_url(server_url)), timeout=CONNECT_TIMEOUT_SECONDS)
        )

    @property
    def template(self) -> str:
        return f"{self.prefix}_template"

    def make_template(self) -> None:
        self._execute(f'CREATE DATABASE "{self.template}"')
        self._run(migrations.upgrade(make_url(self._url(self.template))))

    def drop_template(self) -> None:
        self.drop(self._url(self.template))

    def create(self, _: Path) -> str:
        return self._created(f'TEMPLATE "{self.template}"')

    def create_empty(self, _: Path) -> str:
        return self._created("TEMPLATE template0")

    def reset(self, url: str) -> None:
        self.drop(url)
        self._execute(f'CREATE DATABASE "{make_url(url).database}" TEMPLATE "{self.template}"')

    def drop(self, url: str) -> None:
        self._execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        self._run(self._admin.close())
        self._runner.close()

    def _created(self, source: str) -> str:
        name = next(self._names)
        self._execute(f'CREATE DATABASE "{name}" {source}')
        return self._url(name)

    def _url(self, name: str) -> str:
        url = make_url(self.server_url).set(database=name)
        return url.render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        self._run(self._admin.execute(statement))

    def _run(self, action: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(action)


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Databases:
    if not is_chosen():
        return SqliteFiles(tmp_path_factory.mktemp("databases"))
    return databases_of(request.config)


@pytest.fixture
def replica_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """A database that nothing is copied to: a replica that lags forever."""
    directory = tmp_path / "replica"
    directory.mkdir()
    url = databases.create(directory)
    yield url
    databases.drop(url)


def is_chosen() -> bool:
    return not os.environ.get("TEST_DATABASE_URL", "").startswith("sqlite")


def databases_of(config: pytest.Config) -> PostgresDatabases:
    """This process's; a worker of xdist knows the server from its controller."""
    if DATABASES not in config.stash:
        known: dict[str, str] = getattr(config, "workerinput", {})
        config.stash[DATABASES] = PostgresDatabases(
            known["postgres_url"], known["postgres_prefix"], known["workerid"]
        )
    return config.stash[DATABASES]


def pytest_configure(config: pytest.Config) -> None:
    if not is_chosen() or hasattr(config, "workerinput"):
        return
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        server = config.stash[SERVER] = PostgresServer()
        server.start()
        url = server.url()
    databases = PostgresDatabases(parse_url(url), f"test_{os.getpid()}")
    config.stash[DATABASES] = databases
    databases.make_template()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if is_chosen():
        databases = node.config.stash[DATABASES]
        node.workerinput["postgres_url"] = databases.server_url
        node.workerinput["postgres_prefix"] = databases.prefix


def pytest_unconfigure(config: pytest.Config) -> None:
    if databases := config.stash.get(DATABASES, None):
        if not hasattr(config, "workerinput"):
            databases.drop_template()
        databases.close()
    if server := config.stash.get(SERVER, None):
        server.stop()


def _plain(url: URL) -> str:
    """As asyncpg reads it, without SQLAlchemy's driver."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
