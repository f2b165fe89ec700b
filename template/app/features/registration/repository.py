import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from app.core.database import Database, WriteSession
from app.core.database.repository import Repository
from app.features.registration.models import OneTimeToken
from app.models.role import Role, user_roles
from app.repositories.user import new_row, users

TOKEN_BYTES = 32


class OneTimeTokenRepository(Repository[OneTimeToken]):
    model = OneTimeToken

    async def remove_expired(self, now: datetime) -> None:
        await self.session.execute(delete(OneTimeToken).where(OneTimeToken.expires_at <= now))

    async def find(self, purpose: str, token: str, now: datetime) -> OneTimeToken | None:
        """The token still works afterwards."""
        statement = select(OneTimeToken).where(
            OneTimeToken.token_hash == digest(token),
            OneTimeToken.purpose == purpose,
            OneTimeToken.expires_at > now,
        )
        return await self.session.scalar(statement)

    async def take(
        self, purposes: Collection[str], token: str, now: datetime
    ) -> OneTimeToken | None:
        """Once: of two transactions that take the same token only one gets it."""
        statement = delete(OneTimeToken).where(
            OneTimeToken.token_hash == digest(token),
            OneTimeToken.purpose.in_(purposes),
            OneTimeToken.expires_at > now,
        )
        return await self.session.scalar(statement.returning(OneTimeToken))

    async def remove_all(self, user_id: UUID) -> None:
        await self.session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id))


async def add_unless_taken(
    database: Database, session: WriteSession, values: Mapping[str, Any], role: str
) -> UUID | None:
    """The id; None where the address or the name belongs to somebody, after the same statements."""
    row = new_row(values)
    added = database.insert(users).values(row).on_conflict_do_nothing().returning(users.c.id)
    user_id: UUID | None = await session.scalar(added)
    granted = select(users.c.id, Role.name).join_from(users, Role, Role.name == role)
    granted = granted.where(users.c.id == row["id"])
    await session.execute(insert(user_roles).from_select(["user_id", "role_name"], granted))
    return user_id


async def issue(
    database: Database,
    session: WriteSession,
    user_id: UUID,
    purpose: str,
    email: str,
    expires_at: datetime,
) -> str:
    """The token, which is stored nowhere; one that was issued before no longer works."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    changing = {"token_hash": digest(token), "email": email, "expires_at": expires_at}
    row = database.insert(OneTimeToken).values(user_id=user_id, purpose=purpose, **changing)
    keys = [OneTimeToken.user_id, OneTimeToken.purpose]
    await session.execute(row.on_conflict_do_update(index_elements=keys, set_=changing))
    return token


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
