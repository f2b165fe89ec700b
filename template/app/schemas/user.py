from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    MISSING,
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
)

from app.core.database.pagination import PageQuery
from app.schemas.auth import Password
from app.schemas.role import RoleName
from app.schemas.text import StorableText

MAX_ROLES = 50


def _lower(value: str) -> str:
    return value.lower()


Email = Annotated[EmailStr, AfterValidator(_lower), Field(examples=["ada@example.com"])]
Username = Annotated[
    str,
    StringConstraints(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_lower),
    Field(examples=["ada"]),
]
FullName = Annotated[StorableText, Field(max_length=200, examples=["Ada Lovelace"])]
Order = Literal[
    "created_at",
    "-created_at",
    "username",
    "-username",
    "email",
    "-email",
]
SearchText = Annotated[StorableText, Field(min_length=1, max_length=100)]


class UserResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    username: str
    email: str
    full_name: str | None
    is_active: bool
    is_superuser: bool
    email_verified: bool
    created_at: datetime
    updated_at: datetime
    roles: list[str]

    @field_validator("roles", mode="before")
    @classmethod
    def _names(cls, roles: Any) -> Any:
        return [getattr(role, "name", role) for role in roles]


class UserQuery(PageQuery):
    order_by: Order = "created_at"
    is_active: bool | None = None
    q: SearchText | None = None
    """Part of the username, e-mail or full name; wildcards are literal."""


class UserSearch(PageQuery):
    query: SearchText

    def as_user_query(self) -> UserQuery:
        return UserQuery(skip=self.skip, limit=self.limit, q=self.query)


class MeUpdate(BaseModel):
    """What is absent stays; null clears."""

    model_config = ConfigDict(extra="forbid")

    full_name: FullName | MISSING | None = MISSING
    username: Username | MISSING = MISSING


class UserCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    username: Username
    password: Password | None = None
    full_name: FullName | None = None
    is_active: StrictBool = True
    is_superuser: StrictBool = False
    roles: list[RoleName] = Field(default_factory=list, max_length=MAX_ROLES)


class UserReplace(BaseModel):
    """Everything but roles and password, which have routes of their own."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    username: Username
    full_name: FullName | None = None
    is_active: StrictBool
    is_superuser: StrictBool


class UserUpdate(BaseModel):
    """What is absent stays; null clears."""

    model_config = ConfigDict(extra="forbid")

    email: Email | MISSING = MISSING
    username: Username | MISSING = MISSING
    full_name: FullName | MISSING | None = MISSING
    is_active: StrictBool | MISSING = MISSING
    is_superuser: StrictBool | MISSING = MISSING


class UserRoles(BaseModel):
    model_config = ConfigDict(extra="forbid")

    roles: list[RoleName] = Field(max_length=MAX_ROLES)
