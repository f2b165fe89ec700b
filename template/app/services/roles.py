"""Roles, within the rights of whoever changes them."""

from typing import Any

from app.core.database import WriteSession
from app.core.http.errors import Conflict, Forbidden, NotFound
from app.core.http.etag import check_precondition
from app.core.security import events
from app.core.security.principal import Principal
from app.models.role import ADMIN_ROLE, DEFAULT_ROLE, Role
from app.repositories.role import RoleRepository
from app.schemas.role import RoleCreate, RoleResponse, RoleUpdate

BUILT_IN = {ADMIN_ROLE, DEFAULT_ROLE}


class RoleService:
    """Acts for one principal inside the transaction of its request."""

    def __init__(self, session: WriteSession, actor: Principal) -> None:
        self._session = session
        self._roles = RoleRepository(session)
        self._actor = actor

    async def create(self, body: RoleCreate) -> Role:
        self._require_held(body.permissions)
        if await self._roles.get(body.name) is not None:
            raise Conflict("role_exists", "There is a role with this name already.")
        role = await self._roles.add(Role(**body.model_dump()))
        self._record("role.created", role.name, permissions=role.permissions)
        return role

    async def replace(self, name: str, body: RoleUpdate, if_match: str | None) -> Role:
        role = await self._changeable(name)
        check_precondition(if_match, RoleResponse.model_validate(role))
        self._require_held(role.permissions + body.permissions)
        changes = events.changes(vars(role), body.model_dump())
        role.description = body.description
        role.permissions = body.permissions
        self._session.rights_changed(None)
        await self._roles.flush()
        if changes:
            self._record("role.changed", name, changes=changes)
        return role

    async def remove(self, name: str, if_match: str | None) -> None:
        role = await self._changeable(name)
        check_precondition(if_match, RoleResponse.model_validate(role))
        self._require_held(role.permissions)
        await self._roles.remove(role)
        self._session.rights_changed(None)
        self._record("role.removed", name, permissions=role.permissions)

    def _record(self, action: str, name: str, **detail: Any) -> None:
        target = f"role:{name}"
        events.record(self._session, action, actor_id=self._actor.id, target=target, **detail)

    async def _changeable(self, name: str) -> Role:
        role = await self._roles.get(name)
        if role is None:
            raise NotFound("role_not_found", "There is no such role.")
        if name in BUILT_IN:
            raise Conflict("role_built_in", "The built-in roles stay as they are.")
        return role

    def _require_held(self, permissions: list[str]) -> None:
        if not all(self._actor.may(permission) for permission in permissions):
            raise Forbidden("insufficient_rights", "This concerns rights that you do not hold.")
