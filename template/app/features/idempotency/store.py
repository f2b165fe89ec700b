"""Answers to requests that carried an Idempotency-Key, kept to be given again.

An answer is stored in the transaction of the change that it tells of: a crash leaves both or
neither. `guard.py` makes routes use it.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import JSON, LargeBinary, String, Table, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.database import Base, Database, UtcDateTime, WriteSession
from app.core.http.errors import Conflict, Unprocessable
from app.core.security import Security

LIFETIME = timedelta(hours=24)
MAX_BODY_BYTES = 65_536
PURPOSE = "idempotency"


class StoredAnswer(Base):
    __tablename__ = "stored_answers"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of the request; keyed, because a request may hold a password."""
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None where it must not be kept, or is too large."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


answers = cast("Table", StoredAnswer.__table__)
FIND = select(answers.c.fingerprint, answers.c.status, answers.c.headers, answers.c.body).where(
    answers.c.key == bindparam("key"), answers.c.expires_at > bindparam("now")
)


@dataclass(frozen=True)
class KeptAnswer:
    status: int
    headers: dict[str, str]
    body: bytes | None


class Idempotency:
    def __init__(self, database: Database, security: Security) -> None:
        self._database = database
        self._security = security
        self._under_way: set[str] = set()

    def begin(self, key: str) -> None:
        """Raises Conflict while this process answers a request with the key."""
        if key in self._under_way:
            raise _under_way()
        self._under_way.add(key)

    def end(self, key: str) -> None:
        self._under_way.discard(key)

    async def find(self, key: str, request: bytes) -> KeptAnswer | None:
        """What was answered. Raises Unprocessable for another request, Conflict for no body."""
        rows = await self._database.rows(FIND, {"key": key, "now": clock.now()})
        if not rows:
            return None
        fingerprint, status, headers, body = rows[0]
        if fingerprint not in self._fingerprints(request):
            raise Unprocessable(
                "idempotency_key_reused", "This key was sent with another request before."
            )
        return KeptAnswer(status, headers, body)

    async def keep(
        self, session: WriteSession, key: str, request: bytes, answer: KeptAnswer
    ) -> None:
        """Raises Conflict where another instance answered meanwhile: the change is taken back."""
        now = clock.now()
        values: dict[str, Any] = {
            "fingerprint": self._fingerprints(request)[0],
            "status": answer.status,
            "headers": answer.headers,
            "body": answer.body if len(answer.body or b"") <= MAX_BODY_BYTES else None,
            "expires_at": now + LIFETIME,
        }
        row = self._database.insert(StoredAnswer).values(key=key, **values)
        stored = row.on_conflict_do_update(
            index_elements=[StoredAnswer.key], set_=values, where=StoredAnswer.expires_at <= now
        )
        if await session.scalar(stored.returning(StoredAnswer.key)) is None:
            raise _under_way()
        session.after_commit(self._forget_expired)

    async def _forget_expired(self) -> None:
        async with self._database.write() as session:
            expired = StoredAnswer.expires_at <= clock.now()
            await session.execute(delete(StoredAnswer).where(expired))

    def _fingerprints(self, request: bytes) -> list[str]:
        """With the current key first."""
        keys = self._security.derived_keys(PURPOSE)
        return [hmac.digest(key, request, hashlib.sha256).hex() for key in keys]


def _under_way() -> Conflict:
    return Conflict("request_under_way", "A request with this key is being answered.")
