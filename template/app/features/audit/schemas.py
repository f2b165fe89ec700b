from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.database.pagination import PageQuery
from app.features.audit.models import MAX_ACTION_LENGTH, MAX_TARGET_LENGTH
from app.schemas.text import StorableText
from app.schemas.values import Moment

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

AuditMoment = Annotated[Moment, Field(ge=EARLIEST, le=LATEST)]


class AuditFilters(BaseModel):
    model_config = PageQuery.model_config

    actor_id: UUID | None = None
    action: Annotated[StorableText, Field(max_length=MAX_ACTION_LENGTH)] | None = None
    target: Annotated[StorableText, Field(max_length=MAX_TARGET_LENGTH)] | None = None
    since: AuditMoment | None = Field(None, alias="from")
    until: AuditMoment | None = Field(None, alias="to")
    """Not included."""


class AuditQuery(PageQuery, AuditFilters):
    order_by: Literal["at", "-at"] = "-at"


class AuditEntryResponse(BaseModel):
    id: UUID
    at: datetime
    actor_id: UUID | None
    """None where nobody was logged in, or a command did it."""
    action: str
    target: str | None
    outcome: str
    ip: str | None
    user_agent: str | None
    correlation_id: str | None
    detail: dict[str, Any]
