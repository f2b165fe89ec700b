"""The caller, read again from the store at every request and never trusted from the token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

ALL_PERMISSIONS = "*"


@dataclass(frozen=True)
class Principal:
    session_id: UUID | None
    """None for a token that belongs to no session."""
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
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return self.is_superuser or bool(self.permissions & {permission, ALL_PERMISSIONS})


class Principals(Protocol):
    """A part may register one that keeps what it read, for at most a second."""

    async def find(self, session_id: UUID, user_id: UUID) -> Principal | None:
        """The active user of a live session, with roles and permissions."""
        ...

    async def forget(self, user_id: UUID | None) -> None:
        """After each committed change of a user's sessions or rights; None concerns everybody."""
        ...
