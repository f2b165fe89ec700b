"""What the service itself does in the background: upkeep, and what of it is measured."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core import clock, instruments, registry
from app.core.instruments import Instruments
from app.core.security import Security, events
from app.core.settings import Settings
from app.features.audit.chain import seal_all
from app.features.audit.jobs import PRUNE
from app.features.audit.keys import AuditKeys
from app.features.audit.models import AuditEntry
from app.features.jobs import NoPayload, install
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.upkeep import CLEAN_SESSIONS, PURGE
from app.models.session import Session
from tests.features.jobs.probes import COUNT, FAIL, Mark
from tests.features.jobs.work import drained, enqueued, reached
from tests.support.factories import make_user, signed_in
from tests.support.service import Service, Start
from tests.support.time_travel import advance

async def test_sessions_that_are_long_over_are_removed(own_service: Service) -> None:
    kept, gone = await make_user(own_service), await make_user(own_service)
    for user in (kept, gone):
        await signed_in(own_service, user)
    async with own_service.database.write() as session:
        of_user = select(Session).where(Session.user_id == gone.id)
        old = (await session.scalars(of_user)).one()
        old.expires_at = clock.now() - timedelta(days=31)

    await reached(
        own_service, await enqueued(own_service, CLEAN_SESSIONS, NoPayload()), [JobStatus.DONE]
    )

    async with own_service.database.read() as session:
        left = (await session.scalars(select(Session.user_id))).all()
    assert left == [kept.id]


async def test_audit_entries_are_pruned_where_a_retention_is_set(
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
        security = registry.get(service.app, Security)
        await seal_all(service.database, AuditKeys(security.derived_keys))
    advance(monkeypatch, timedelta(days=2))

    assert await pruned() == ["probe.old"]
    assert await pruned(audit_retention_days=1) == ["audit.pruned"]


async def test_what_was_done_long_ago_is_forgotten(worked: Service) -> None:
    old = await enqueued(worked, COUNT, Mark())
    await reached(worked, old, [JobStatus.DONE])
    async with worked.database.write() as session:
        row = await session.get(JobRow, old)
        assert row is not None
        row.finished_at = clock.now() - timedelta(days=8)

    await reached(worked, await enqueued(worked, PURGE, NoPayload()), [JobStatus.DONE])

    async with worked.database.read() as session:
        assert await session.get(JobRow, old) is None


async def test_every_run_is_measured(worked: Service) -> None:
    class Heard(Instruments):
        def __init__(self) -> None:
            self.runs: list[tuple[str, str]] = []

        def job_finished(self, name: str, outcome: str, seconds: float) -> None:
            self.runs.append((name, outcome))

    heard = Heard()
    instruments.add(heard)
    await reached(worked, await enqueued(worked, COUNT, Mark()), [JobStatus.DONE])
    await reached(worked, await enqueued(worked, FAIL, Mark()), [JobStatus.DEAD])

    probes = [run for run in heard.runs if run[0] != "probe.tick"]
    assert probes == [
        ("probe.count", "success"),
        ("probe.fail", "retry"),
        ("probe.fail", "retry"),
        ("probe.fail", "failure"),
    ]


async def test_two_jobs_of_one_name_are_refused(own_service: Service) -> None:
    with pytest.raises(ValueError, match=r"two jobs are called probe\.count"):
        install(own_service.app, registry.get(own_service.app, Settings), [COUNT, COUNT])
