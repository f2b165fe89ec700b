from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, delete, func, or_, select, update

from app.core.database import Database
from app.core.database.repository import Repository
from app.core.security.principal import Principal
from app.features.api_keys.models import ApiKey
from app.models.user import USER_FIELDS
from app.repositories.principal import principal_of, roles, users, with_roles

api_keys = cast("Table", ApiKey.__table__)

KEY_FIELDS = ("id", "scopes", "last_used_at")
# A row for each role of the owner, as for the principal of a session.
STATEMENT = (
    select(
        *(users.c[name] for name in USER_FIELDS),
        roles.c.name,
        roles.c.permissions,
        *(api_keys.c[name].label(f"key_{name}") for name in KEY_FIELDS),
    )
    .select_from(with_roles(api_keys.join(users, api_keys.c.user_id == users.c.id)))
    .where(
        api_keys.c.key_hash == bindparam("key_hash"),
        users.c.is_active,
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
    )
    .order_by(roles.c.name)
)


@dataclass(frozen=True)
class FoundKey:
    id: UUID
    scopes: list[str]
    last_used_at: datetime | None
    owner: Principal
    """With all the rights of the user, of whom the key has some."""


class ApiKeyRepository(Repository[ApiKey]):
    model = ApiKey

    async def owned(self, user_id: UUID) -> Sequence[ApiKey]:
        """The newest first."""
        statement = select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.id.desc())
        return (await self.session.scalars(statement)).all()

    async def count(self, user_id: UUID) -> int:
        statement = select(func.count()).where(ApiKey.user_id == user_id)
        return await self.session.scalar(statement) or 0

    async def revoke(self, key_id: UUID, user_id: UUID) -> str | None:
        """The prefix of the key; None where the user has no such key."""
        statement = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == user_id)
        prefix: str | None = await self.session.scalar(statement.returning(ApiKey.prefix))
        return prefix

    async def used(self, key_id: UUID, now: datetime) -> None:
        await self.session.execute(
            update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now)
        )


async def find_key(database: Database, key_hash: str, now: datetime) -> FoundKey | None:
    """A live key of an active user, in one statement."""
    rows = await database.rows(STATEMENT, {"key_hash": key_hash, "now": now})
    if not rows:
        return None
    width = len(KEY_FIELDS)
    key_id, scopes, last_used_at = rows[0][-width:]
    owner = principal_of(cast("Sequence[Row[Any]]", [row[:-width] for row in rows]), None)
    return FoundKey(key_id, scopes, last_used_at, owner)
