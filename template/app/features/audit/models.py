from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, UtcDateTime

MAX_ACTION_LENGTH = 64
MAX_TARGET_LENGTH = 320
MAX_MAC_LENGTH = 80
UNSEALED = text("sequence IS NULL")


class AuditEntry(Base):
    """Who did what to whom. Written in the transaction of the change it tells of.

    No foreign key: an entry outlives the account it names.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("sequence"),
        Index("ix_audit_entries_at_id", "at", "id"),
        Index("ix_audit_entries_unsealed", "id", sqlite_where=UNSEALED, postgresql_where=UNSEALED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(MAX_ACTION_LENGTH))
    target: Mapped[str | None] = mapped_column(String(MAX_TARGET_LENGTH), index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    correlation_id: Mapped[str | None] = mapped_column(String(128))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    mac: Mapped[str] = mapped_column(String(MAX_MAC_LENGTH))
    """Over the columns above, made when the entry is written."""
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    """The place in the chain, from 1; None until the entry is sealed."""
    seal: Mapped[str | None] = mapped_column(String(MAX_MAC_LENGTH))
    """A MAC over the entry and all entries before it."""


ONLY_ID = 1
FIRST_LINK = "0" * 64


class AuditChain(Base):
    """One row: where the chain of sealed entries ends, and the anchor of what retention removed.

    A link is the SHA-256, in hex, of the link before it and an entry.
    """

    __tablename__ = "audit_chain"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    base_sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the last entry that was removed; 0 while none was."""
    base_link: Mapped[str] = mapped_column(String(64))
    head_sequence: Mapped[int] = mapped_column(BigInteger)
    head_link: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(MAX_MAC_LENGTH))

    @classmethod
    def empty(cls) -> Self:
        """Before the first entry is sealed."""
        return cls(
            id=ONLY_ID,
            base_sequence=0,
            base_link=FIRST_LINK,
            head_sequence=0,
            head_link=FIRST_LINK,
        )
