"""PostgreSQL: few connections for many requests, one statement for a read, dead ones replaced."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core.database import migrations, postgres
from tests.support.factories import logged_in, make_user
from tests.support.postgres_server import PostgresServer
from tests.support.service import running

ME = "/api/v1/users/me"
USERS = "/api/v1/users"
WRITES = 50


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Not the one of the other tests: this one writes down every statement."""
    server = PostgresServer(log_statement="all")
    server.start()
    asyncio.run(migrations.upgrade(make_url(server.url())))
    yield server
    server.stop()


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.url()


@contextmanager
def statements(server: PostgresServer) -> Iterator[list[str]]:
    """What the server was asked while the block ran."""
    noted: list[str] = []
    before = len(server.log.read_text())
    yield noted
    lines = server.log.read_text()[before:]
    noted += re.findall(r"LOG:  (?:statement|execute [^:]+): (.*)", lines)


async def terminate_others(url: str) -> None:
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'app'"
    )
    await admin.close()


async def test_me_is_one_statement_without_a_transaction(server: PostgresServer, url: str) -> None:
    async with running(database_url=url) as service:
        tokens = await logged_in(service, roles=("member",))
        await service.client.get(ME, headers=tokens.header)

        with statements(server) as asked:
            response = await service.client.get(ME, headers=tokens.header)

    assert response.status_code == 200
    assert len(asked) == 1, asked
    assert asked[0].startswith("SELECT")


async def test_a_list_and_who_asks_for_it_are_two_statements(
    server: PostgresServer, url: str
) -> None:
    async with running(database_url=url) as service:
        tokens = await logged_in(service, is_superuser=True)
        await service.client.get(USERS, headers=tokens.header)

        with statements(server) as asked:
            response = await service.client.get(USERS, headers=tokens.header)

    assert response.status_code == 200
    assert len(asked) == 2, asked
    assert all(statement.startswith("SELECT") for statement in asked)


async def test_two_connections_carry_fifty_writes(url: str) -> None:
    async with running(database_url=url, database_pool_size=2) as service:
        tokens = await logged_in(service, is_superuser=True)

        answers = await asyncio.gather(
            *(
                service.client.post(
                    "/api/v1/roles",
                    json={"name": f"role{number}", "permissions": []},
                    headers=tokens.header,
                )
                for number in range(WRITES)
            )
        )

    assert {answer.status_code for answer in answers} == {201}


async def test_more_requests_than_connections_end_as_503(url: str) -> None:
    """The one connection is held: nobody waits longer than the pool says."""
    settings = {"database_pool_size": 1, "database_pool_timeout_seconds": 0.1}
    async with running(database_url=url, **settings) as service:
        tokens = await logged_in(service)
        async with service.database.write() as session:
            await session.connection()
            refused = await service.client.get(ME, headers=tokens.header)
        served = await service.client.get(ME, headers=tokens.header)

    assert refused.status_code == 503
    assert refused.json()["code"] == "database_unavailable"
    assert served.status_code == 200


async def test_a_statement_that_takes_too_long_is_503(url: str) -> None:
    async with running(database_url=url, database_lock_timeout_seconds=0.1) as service:
        user = await make_user(service)
        tokens = await logged_in(service, is_superuser=True)
        async with service.database.write() as session:
            await session.get(type(user), user.id, with_for_update=True)
            refused = await service.client.delete(f"{USERS}/{user.id}", headers=tokens.header)

    assert refused.status_code == 503
    assert refused.headers["Retry-After"].isdigit()


@pytest.mark.parametrize("trusted_idle_seconds", [-1, 5])
async def test_a_read_does_not_notice_that_its_connection_died(
    url: str, monkeypatch: pytest.MonkeyPatch, trusted_idle_seconds: float
) -> None:
    monkeypatch.setattr(postgres, "TRUSTED_IDLE_SECONDS", trusted_idle_seconds)
    async with running(database_url=url) as service:
        tokens = await logged_in(service)
        await terminate_others(url)

        response = await service.client.get(ME, headers=tokens.header)

    assert response.status_code == 200


async def test_where_no_server_answers_it_is_503(server: PostgresServer) -> None:
    url = server.url().replace(str(server.port), "9")
    async with running(database_url=url) as service:
        liveness = await service.client.get("/api/v1/health/liveness")
        readiness = await service.client.get("/api/v1/health/readiness")
        login = await service.client.post(
            "/api/v1/auth/login", json={"username": "nobody", "password": "wrong"}
        )

    assert liveness.status_code == 200
    assert readiness.status_code == login.status_code == 503
    assert login.json()["code"] == "database_unavailable"
