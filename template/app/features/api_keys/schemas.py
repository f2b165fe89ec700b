from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from app.core import clock
from app.features.api_keys.models import MAX_NAME_LENGTH
from app.schemas.role import MAX_PERMISSIONS, Permission
from app.schemas.text import StorableText
from app.schemas.values import Moment

MAX_LIFETIME = timedelta(days=3660)


def _in_some_years(value: datetime) -> datetime:
    if not clock.now() < value <= clock.now() + MAX_LIFETIME:
        raise ValueError("is in the past, or more than ten years ahead")
    return value


class ApiKeyCreate(BaseModel, extra="forbid"):
    name: StorableText = Field(
        min_length=1, max_length=MAX_NAME_LENGTH, examples=["nightly report"]
    )
    scopes: list[Permission] = Field(max_length=MAX_PERMISSIONS)
    """Permissions that the owner holds."""
    expires_at: Annotated[Moment, AfterValidator(_in_some_years)] | None = Field(
        None, examples=["2030-01-01T00:00:00Z"]
    )
    """None for a key that lives until it is revoked."""


class ApiKeyResponse(BaseModel, from_attributes=True):
    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """True to the minute."""


class ApiKeyCreated(ApiKeyResponse):
    key: str
    """Shown here and never again."""
