"""The list of events is read from the replica."""

from sqlalchemy import func, select

from app.features.audit.models import AuditEntry
from tests.support.factories import logged_in, login, make_user
from tests.support.service import Start


async def test_the_list_is_read_from_the_replica(start: Start, replica_url: str) -> None:
    async with start(database_read_url=replica_url) as service:
        await login(service, await make_user(service))
        admin = await logged_in(service, is_superuser=True)
        listed = await service.client.get("/api/v1/audit", headers=admin.header)
        async with service.database.read() as session:
            stored = await session.scalar(select(func.count()).select_from(AuditEntry))

    assert (stored, listed.json()["total"]) == (1, 0)
