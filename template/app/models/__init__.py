"""The kernel's tables, one noun a file; a part keeps its own."""

from app.models.role import Role
from app.models.session import Session
from app.models.user import User

__all__ = ["Role", "Session", "User"]
