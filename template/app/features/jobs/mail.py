"""Mail as a job: kept in the transaction that causes it, sent by a worker, tried for an hour."""

import json
from dataclasses import asdict
from functools import partial

from pydantic import BaseModel

from app.core.database import Database
from app.core.database import WriteSession
from app.core.encryption import Encryption
from app.core.encryption import UndecryptableError
from app.core.jobs import GiveUpError
from app.core.jobs import Job
from app.core.jobs import JobQueue
from app.core.jobs import Run
from app.core.mail import is_permanent
from app.core.mail_message import Mail
from app.core.mailers import Mailer

PURPOSE = "mail"


class SealedMail(BaseModel):
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
        payload = SealedMail(sealed=self._encryption.encrypt(PURPOSE, json.dumps(asdict(mail))))
        await JobQueue(self._database, session).enqueue(SEND, payload)


async def send(run: Run, payload: SealedMail) -> None:
    encryption: Encryption = run.app.state.encryption
    mailer: Mailer = run.app.state.mailer
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
    payload=SealedMail,
    handler=send,
    max_attempts=12,
    backoff_seconds=5.0,
)
