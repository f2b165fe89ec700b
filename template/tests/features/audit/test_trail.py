"""An audit entry says who, what and from where, and lives or dies with the change it tells of."""

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.core import request_info
from app.core.security import events
from app.features.audit.models import AuditEntry
from tests.support.service import Service


async def entries(service: Service) -> list[AuditEntry]:
    async with service.database.read() as session:
        return list((await session.scalars(select(AuditEntry))).all())


async def test_an_entry_tells_where_the_request_came_from(service: Service) -> None:
    actor = uuid7()
    request_info.set_current(request_info.RequestInfo("192.0.2.7", "curl/8", "c-1"))

    async with service.database.write() as session:
        events.record(session, "user.created", actor_id=actor, target="user:1", by="test")

    (entry,) = await entries(service)
    assert (entry.actor_id, entry.action, entry.target) == (actor, "user.created", "user:1")
    assert (entry.ip, entry.user_agent, entry.correlation_id) == ("192.0.2.7", "curl/8", "c-1")
    assert (entry.outcome, entry.detail) == ("success", {"by": "test"})


async def test_a_change_that_is_rolled_back_leaves_no_entry(service: Service) -> None:
    async def fail_after_recording() -> None:
        async with service.database.write() as session:
            events.record(session, "user.created", actor_id=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_recording()

    assert await entries(service) == []
