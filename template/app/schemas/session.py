from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class SessionResponse(BaseModel):
    id: UUID
    created_at: datetime
    last_used_at: datetime
    """The login, or the latest refresh."""
    user_agent: str | None
    ip: str | None
    current: bool
    """Whether it is the session that asks."""
