"""DATABASE_READ_URL: read sessions of endpoints go there, and nothing that decides does."""

import pytest
from sqlalchemy import func, select

from app.api.deps import ReadSessionDep, SessionDep
from app.models.role import Role
from app.models.user import User
from tests.support.factories import logged_in, make_user
from tests.support.service import Start


async def test_reads_of_endpoints_go_to_the_replica_and_writes_do_not(
    start: Start, replica_url: str
) -> None:
    async def read(session: ReadSessionDep) -> bool:
        return await session.scalar(select(func.count()).where(Role.name == "new")) == 1

    async def write(session: SessionDep) -> bool:
        session.add(Role(name="new"))
        await session.flush()
        return await session.scalar(select(func.count()).where(Role.name == "new")) == 1

    async with start(database_read_url=replica_url) as service:
        service.app.add_api_route("/read", read)
        service.app.add_api_route("/write", write, methods=["POST"])
        written = (await service.client.post("/write")).json()
        before = (await service.client.get("/read")).json()
        async with service.database.for_reads.write() as session:
            session.add(Role(name="new"))
        after = (await service.client.get("/read")).json()

        readiness = (await service.client.get("/api/v1/health/readiness")).json()

    assert (written, before, after) == (True, False, True)
    assert readiness["checks"]["replica"]["status"] == "healthy"
    assert readiness["checks"]["replica"]["critical"] is False


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/users/active"])
async def test_a_list_and_a_row_of_it_are_of_one_state(
    start: Start, replica_url: str, path: str
) -> None:
    async with start(database_read_url=replica_url) as service:
        header = (await logged_in(service, is_superuser=True)).header
        user = await make_user(service, full_name="As it is")
        missed = await service.client.get(path, headers=header)
        unknown = await service.client.get(f"/api/v1/users/{user.id}", headers=header)
        before = User(id=user.id, email=user.email, username=user.username, full_name="As it was")
        async with service.database.for_reads.write() as session:
            session.add(before)
        listed = await service.client.get(path, headers=header)
        read = await service.client.get(f"/api/v1/users/{user.id}", headers=header)

    assert (missed.json()["items"], unknown.status_code) == ([], 404)
    assert listed.json()["items"] == [read.json()]
    assert read.json()["full_name"] == "As it was"


async def test_own_sessions_are_listed_from_the_replica(start: Start, replica_url: str) -> None:
    async with start(database_read_url=replica_url) as service:
        header = (await logged_in(service)).header
        listed = await service.client.get("/api/v1/auth/sessions", headers=header)

    assert listed.json() == []


async def test_who_may_ask_is_never_read_from_a_replica(start: Start, replica_url: str) -> None:
    """It lags: a session that was revoked would live on there, and a new one not yet."""
    async with start(database_read_url=replica_url) as service:
        tokens = await logged_in(service)
        known = await service.client.get("/api/v1/users/me", headers=tokens.header)
        async with service.database.for_reads.read() as session:
            copied = await session.scalar(select(func.count()).select_from(User))
        await service.client.post("/api/v1/auth/logout", headers=tokens.header)
        revoked = await service.client.get("/api/v1/users/me", headers=tokens.header)

    assert copied == 0
    assert (known.status_code, revoked.status_code) == (200, 401)


async def test_without_one_there_is_one_database(start: Start) -> None:
    async with start() as service:
        readiness = (await service.client.get("/api/v1/health/readiness")).json()

        assert service.database.for_reads is service.database
        assert set(readiness["checks"]) >= {"database"}
        assert "replica" not in readiness["checks"]
