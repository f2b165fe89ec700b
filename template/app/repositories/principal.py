"""The query of every authenticated request: built once, run on a bare connection, one statement."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import Join, Row, Table, bindparam, select

from app.core import clock, registry
from app.core.database import Database
from app.core.security.principal import Principal, Principals
from app.core.settings import Settings
from app.models.role import Role, user_roles
from app.models.session import Session
from app.models.user import USER_FIELDS, User

users = cast("Table", User.__table__)
sessions = cast("Table", Session.__table__)
roles = cast("Table", Role.__table__)


def with_roles(start: Join) -> Join:
    """A row for each role of a user in `start`, and one without a role for who has none."""
    held = start.outerjoin(user_roles, user_roles.c.user_id == users.c.id)
    return held.outerjoin(roles, roles.c.name == user_roles.c.role_name)


STATEMENT = (
    select(*(users.c[name] for name in USER_FIELDS), roles.c.name, roles.c.permissions)
    .select_from(with_roles(sessions.join(users, sessions.c.user_id == users.c.id)))
    .where(
        sessions.c.id == bindparam("session_id"),
        users.c.id == bindparam("user_id"),
        users.c.is_active,
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
    )
    .order_by(roles.c.name)
)


class StoredPrincipals:
    """Reads the database each time, so there is nothing to forget."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, session_id: UUID, user_id: UUID) -> Principal | None:
        parameters = {"session_id": session_id, "user_id": user_id, "now": clock.now()}
        rows = await self._database.rows(STATEMENT, parameters)
        return principal_of(rows, session_id) if rows else None

    async def forget(self, user_id: UUID | None) -> None: ...


def install(app: FastAPI, settings: Settings) -> None:
    """Before the parts that may replace it."""
    database = registry.get(app, Database)
    registry.add(app, Principals, StoredPrincipals(database))

    async def forget(user_id: UUID | None) -> None:
        principals = registry.get(app, Principals)
        await principals.forget(user_id)

    database.on_rights_changed = forget


def principal_of(rows: Sequence[Row[*tuple[Any, ...]]], session_id: UUID | None) -> Principal:
    """Rows of USER_FIELDS, the name of a role and its permissions."""
    facts: dict[str, Any] = dict(zip(USER_FIELDS, rows[0], strict=False))  # it ends in the role
    granted = [(name, permissions) for *_, name, permissions in rows if name is not None]
    return Principal(
        session_id=session_id,
        **facts,
        roles=[name for name, _ in granted],
        permissions=frozenset(permission for _, some in granted for permission in some),
    )
