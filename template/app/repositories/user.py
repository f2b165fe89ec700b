from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BindParameter, Table, bindparam, insert, or_, select, update
from sqlalchemy.orm import joinedload, selectinload
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.database import Database
from app.core.database.repository import (
    Repository,
    Statement,
    fetch_page,
    joined,
    like_pattern,
    paged,
)
from app.models.role import user_roles
from app.models.user import USER_FIELDS, User
from app.schemas.user import UserQuery

users = cast("Table", User.__table__)

INSERT_USER = insert(users)
INSERT_ROLES = insert(user_roles)
ROLE_NAMES = (
    select(joined(user_roles.c.role_name))
    .where(user_roles.c.user_id == users.c.id)
    .scalar_subquery()
)
LISTED = select(*(users.c[name] for name in USER_FIELDS), ROLE_NAMES.label("roles"))
BY_IDENTIFIER = (
    select(User)
    .where(or_(*(name == bindparam("identifier") for name in (User.email, User.username))))
    .options(joinedload(User.roles))
)


class UserRepository(Repository[User]):
    model = User

    async def by_identifier(self, identifier: str) -> User | None:
        """By e-mail or username, in any case; usernames hold no `@`, so at most one row fits.

        With the roles in the same statement: the time does not tell whether there is a user.
        """
        found = await self.session.scalars(BY_IDENTIFIER, {"identifier": identifier.lower()})
        return found.unique().one_or_none()

    async def with_roles(self, user_id: UUID) -> User | None:
        statement = select(User).where(User.id == user_id).options(selectinload(User.roles))
        return await self.session.scalar(statement)

    async def insert(self, values: Mapping[str, Any], roles: list[str]) -> dict[str, Any]:
        """The stored row as a mapping; without the unit of work, which a new row does not need."""
        row = new_row(values)
        await self.session.execute(INSERT_USER, row)
        if roles:
            grants = [{"user_id": row["id"], "role_name": name} for name in roles]
            await self.session.execute(INSERT_ROLES, grants)
        return row

    async def rehash(self, user_id: UUID, seen: str | None, password_hash: str) -> bool:
        """Another hash of the same password; False where that was changed since it was `seen`."""
        same = update(User).where(User.id == user_id, User.password_hash == seen)
        stored = same.values(password_hash=password_hash).returning(User.id)
        return await self.session.scalar(stored) is not None

    async def lock_superusers(self) -> Sequence[UUID]:
        """Ids of the active superusers, whose rows stay as they are until the transaction ends."""
        statement = select(User.id).where(User.is_superuser, User.is_active)
        return (await self.session.scalars(statement.with_for_update())).all()


async def find_users(database: Database, query: UserQuery) -> tuple[list[dict[str, Any]], int]:
    """One page as mappings with the names of the roles, and the total."""
    statement = _listed(query.order_by, query.is_active is not None, query.q is not None)
    parameters = {"is_active": query.is_active, "pattern": like_pattern(query.q or "")}
    rows, total = await fetch_page(database.rows, statement, query, parameters)
    for row in rows:
        row["roles"] = sorted(row["roles"].split(",")) if row["roles"] else []
    return rows, total


def new_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """With what every new user starts with."""
    now = clock.now()
    return {
        "id": uuid7(),
        "is_active": True,
        "is_superuser": False,
        "email_verified": False,
        "created_at": now,
        "updated_at": now,
        "version": 1,
        **values,
    }


@lru_cache
def _listed(order_by: str, by_activity: bool, by_text: bool) -> Statement:
    """One statement for each shape of the query: to build it costs more than to run it."""
    statement: Statement = LISTED
    if by_activity:
        statement = statement.where(users.c.is_active == bindparam("is_active"))
    if by_text:
        pattern: BindParameter[str] = bindparam("pattern")
        columns = (users.c.username, users.c.email, users.c.full_name)
        matches = (column.ilike(pattern, escape="\\") for column in columns)
        statement = statement.where(or_(*matches))
    column = users.c[order_by.removeprefix("-")]
    if order_by.startswith("-"):
        return paged(statement.order_by(column.desc(), users.c.id.desc()))
    return paged(statement.order_by(column, users.c.id))
