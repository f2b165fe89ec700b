from sqlalchemy import JSON, Column, ForeignKey, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base

MAX_NAME_LENGTH = 64
ADMIN_ROLE = "admin"
DEFAULT_ROLE = "member"

user_roles = Table(
    "user_roles",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_name", ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True, index=True),
)


class Role(Base):
    """A named set of permission strings, e.g. `users:read`."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH), primary_key=True)
    description: Mapped[str] = mapped_column(Text, default="")
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
