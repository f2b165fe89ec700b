from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from app.schemas.text import StorableText

MAX_PERMISSIONS = 200

RoleName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$"),
    Field(examples=["support"]),
]
Permission = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^(\*|[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*)$"),
    Field(examples=["users:read"]),
]


class RoleUpdate(BaseModel, extra="forbid"):
    description: StorableText = Field("", max_length=500)
    permissions: list[Permission] = Field(max_length=MAX_PERMISSIONS)


class RoleCreate(RoleUpdate):
    name: RoleName


class RoleResponse(BaseModel, from_attributes=True):
    name: str
    description: str
    permissions: list[str]
