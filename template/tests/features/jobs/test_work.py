"""What the service itself does in the background: mail, upkeep, and what of it is measured."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, instruments, registry
from app.core.instruments import Instruments
from app.core.settings import Settings
from app.features.jobs import NoPayload, install
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.upkeep import CLEAN_SESSIONS, PURGE
from app.features.mail.message import Mail, compose
from app.features.mail.outbox import Outbox
from app.features.mail.transports import Mailer
from app.models.session import Session
from tests.features.jobs.probes import COUNT, FAIL, Mark
from tests.features.jobs.work import drained, enqueued, reached
from tests.support.factories import make_user, signed_in
from tests.support.service import Service

MAIL = compose("ada@example.com", "Subject", "the code is 4711")


class FlakyMailer:
    """Takes a mail at the third attempt."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        if self.error is not None:
            raise self.error
        self.mails.append(mail)


async def mail_row(service: Service) -> JobRow:
    async with service.database.read() as session:
        return (await session.scalars(select(JobRow).where(JobRow.name == "mail.send"))).one()


async def test_a_mail_leaves_with_its_transaction_and_lies_encrypted_until_then(
    own_service: Service,
) -> None:
    mailer = FlakyMailer(ConnectionRefusedError("no server"))
    registry.add(own_service.app, Mailer, mailer)
    async with own_service.database.write() as session:
        registry.get(own_service.app, Outbox).post(session, MAIL)
    await drained(own_service)
    waiting = await mail_row(own_service)
    mailer.error = None

    async with own_service.database.write() as session:
        row = await session.get(JobRow, waiting.id)
        assert row is not None
        row.run_at = row.due_at = clock.now()
    await enqueued(own_service, PURGE, NoPayload())  # wakes the drain
    await drained(own_service)

    assert "4711" not in str(waiting.payload)
    assert waiting.last_error == "ConnectionRefusedError: no server"
    assert mailer.mails == [MAIL]
    assert (await mail_row(own_service)).status == JobStatus.DONE


async def test_a_mail_of_a_transaction_that_fails_is_never_written(own_service: Service) -> None:
    async def refused() -> None:
        async with own_service.database.write() as session:
            registry.get(own_service.app, Outbox).post(session, MAIL)
            raise LookupError

    with pytest.raises(LookupError):
        await refused()

    async with own_service.database.read() as session:
        mails = select(JobRow).where(JobRow.name == "mail.send")
        assert (await session.scalars(mails)).all() == []


async def test_a_mail_whose_key_is_gone_is_buried(own_service: Service) -> None:
    registry.add(own_service.app, Mailer, FlakyMailer(ConnectionRefusedError("no server")))
    await registry.get(own_service.app, Outbox).deliver(MAIL)
    await drained(own_service)
    async with own_service.database.write() as session:
        row = await session.get(JobRow, (await mail_row(own_service)).id)
        assert row is not None
        row.payload = {"sealed": "of another key"}
        row.run_at = row.due_at = clock.now()

    await enqueued(own_service, PURGE, NoPayload())  # wakes the drain
    await drained(own_service)

    row = await mail_row(own_service)
    assert row.status == JobStatus.DEAD
    assert row.last_error == "GiveUpError: the key that encrypted this mail is no longer known"


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
