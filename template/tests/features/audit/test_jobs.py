"""Pruning of the audit trail as a job."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core import registry
from app.core.security import events
from app.features.audit.jobs import PRUNE
from app.features.audit.models import AuditEntry
from app.features.audit.trail import AuditTrail
from app.features.jobs import NoPayload
from app.features.jobs.models import JobStatus
from tests.features.jobs.work import enqueued, reached
from tests.support.service import Start
from tests.support.time_travel import advance


async def test_entries_are_pruned_where_a_retention_is_set(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pruned(**settings: Any) -> list[str]:
        async with start(**settings) as service:
            job_id = await enqueued(service, PRUNE, NoPayload())
            await reached(service, job_id, [JobStatus.DONE])
            async with service.database.read() as session:
                return list(await session.scalars(select(AuditEntry.action)))

    assert await pruned(audit_retention_days=1) == []
    async with start() as service:
        async with service.database.write() as session:
            events.record(session, "probe.old", actor_id=None)
        await registry.get(service.app, AuditTrail).settle()
    advance(monkeypatch, timedelta(days=2))

    assert await pruned() == ["probe.old"]
    assert await pruned(audit_retention_days=1) == ["audit.pruned"]
