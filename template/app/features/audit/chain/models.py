from typing import Self

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base
from app.features.audit.models import MAX_MAC_LENGTH

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
