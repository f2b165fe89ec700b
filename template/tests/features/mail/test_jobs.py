"""Mail as a job: kept with its transaction, encrypted until it leaves."""

import pytest
from sqlalchemy import select

from app.core import clock, registry
from app.features.jobs import NoPayload
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.upkeep import PURGE
from app.features.mail.message import Mail, compose
from app.features.mail.outbox import Outbox
from app.features.mail.transports import Mailer
from tests.features.jobs.work import drained, enqueued
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
