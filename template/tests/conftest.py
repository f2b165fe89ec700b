"""The tested application is the shipped one: nothing is overridden, no session is mocked."""

import gc
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support import isolation
from tests.support.databases import Databases
from tests.support.service import Service, Start, entered, running, shared_app

pytest_plugins = (
    "tests.support.command_line",
    "tests.support.engines",
    "tests.support.events",
    "tests.support.extensions",
)


def pytest_collection_finish() -> None:
    """Every full collection would walk all that was imported, a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variable and no `.env` of the developer is read; what a test writes goes with it."""
    for variable in isolation.configured_variables():
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    yield from isolation.logging_restored()


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of this test's own."""
    url = databases.create(tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Start:
    """Starts the service with other settings than the defaults."""
    return partial(running, database_url=database_url, data_dir=tmp_path)


@pytest.fixture(scope="session")
def shared_database_url(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The database of the worker's shared application."""
    url = databases.create(tmp_path_factory.mktemp("shared"))
    yield url
    databases.drop(url)


@pytest.fixture
def emptied_database_url(databases: Databases, shared_database_url: str) -> str:
    """Not in the coroutine below: emptying a PostgreSQL takes a loop of its own."""
    databases.reset(shared_database_url)
    return shared_database_url


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    """The worker's one application, or, with the marker `own_service`, one of this test's own."""
    is_own = request.node.get_closest_marker("own_service") is not None
    service: Service = request.getfixturevalue("own_service" if is_own else "shared_service")
    return service


@pytest.fixture
async def shared_service(emptied_database_url: str) -> AsyncIterator[Service]:
    """Over an emptied database."""
    async with entered(shared_app(emptied_database_url)) as service:
        yield service


@pytest.fixture
async def own_service(start: Start) -> AsyncIterator[Service]:
    """For a test that adds to the application or reads its log."""
    async with start() as service:
        yield service
