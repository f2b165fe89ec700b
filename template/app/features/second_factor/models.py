from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.database import Base, UtcDateTime


class TotpFactor(Base):
    """A user's second factor; it is asked for from the moment it is confirmed."""

    __tablename__ = "totp_factors"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[str] = mapped_column(Text)
    """Encrypted."""
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    """The time step of the newest code that was accepted: no code up to it works again."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """Works once in place of a code of the second factor, with which it goes."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("totp_factors.user_id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 in hex: a code has 120 bits, so that no slow hash is needed."""
