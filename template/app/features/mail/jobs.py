"""Mail as a job: kept in the transaction that causes it, sent by a worker, tried for an hour."""

import json
from dataclasses import asdict
from functools import partial

from fastapi import FastAPI
from pydantic import BaseModel

from app.core import registry
from app.core.database import Database, WriteSession
from app.features.encryption import Encryption, UndecryptableError
from app.features.jobs import GiveUpError, Job, JobQueue, Run
from app.features.mail.message import Mail
from app.features.mail.outbox import Outbox, is_permanent
from app.features.mail.transports import Mailer

PURPOSE = "mail"


class EncryptedMail(BaseModel):
    sealed: str
    """Encrypted: a mail may carry a token."""


class JobOutbox:
    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    def post(self, session: WriteSession, mail: Mail) -> None:
        session.before_commit(partial(self._enqueue, session, mail))

    async def deliver(self, mail: Mail) -> None:
        async with self._database.write() as session:
            await self._enqueue(session, mail)

    async def _enqueue(self, session: WriteSession, mail: Mail) -> None:
        payload = EncryptedMail(sealed=self._encryption.encrypt(PURPOSE, json.dumps(asdict(mail))))
        await JobQueue(self._database, session).enqueue(SEND, payload)


async def send(run: Run, payload: EncryptedMail) -> None:
    encryption = registry.get(run.app, Encryption)
    mailer = registry.get(run.app, Mailer)
    try:
        mail = Mail(**json.loads(encryption.decrypt(PURPOSE, payload.sealed)))
    except UndecryptableError:
        raise GiveUpError("the key that encrypted this mail is no longer known") from None
    try:
        await mailer.send(mail)
    except Exception as error:
        if is_permanent(error):
            raise GiveUpError(f"{type(error).__name__}: the server will never take it") from None
        raise


SEND = Job(
    name="mail.send",
    payload=EncryptedMail,
    handler=send,
    max_attempts=12,
    backoff_seconds=5.0,
)


def install(app: FastAPI) -> None:
    """After jobs and mail: mail then survives the end of this process."""
    outbox = JobOutbox(registry.get(app, Database), registry.get(app, Encryption))
    registry.add(app, Outbox, outbox)
