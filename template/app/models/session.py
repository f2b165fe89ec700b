from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.database import Base, UtcDateTime

MAX_USER_AGENT_LENGTH = 255


class Session(Base):
    """One login. Its refresh tokens are one family, of which only the newest generation works.

    The row holds the hash of the newest token; older ones are known by their generation.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 in hex."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    authenticated_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=clock.now)
    """When its user last proved who they are; None for a session from before this was kept."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(MAX_USER_AGENT_LENGTH))

    def is_live(self, now: datetime, *, idle: timedelta) -> bool:
        return self.ended_at is None and now < self.expires_at and now - self.last_used_at < idle
