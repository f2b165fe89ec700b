"""What the service itself does in the background: upkeep, and what of it is measured."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, instruments, registry
from app.core.instruments import Instruments
from app.core.settings import Settings
from app.features.jobs import NoPayload, install
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.upkeep import CLEAN_SESSIONS, PURGE
from app.models.session import Session
from tests.features.jobs.probes import COUNT, FAIL, Mark
from tests.features.jobs.work import enqueued, reached
from tests.support.factories import make_user, signed_in
from tests.support.service import Service


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
