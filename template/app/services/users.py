"""Who may change whom: nobody grants what they do not hold, and one superuser always remains."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from app.core import clock
from app.core.database import WriteSession
from app.core.http.errors import Conflict, Forbidden, NotFound, Unprocessable
from app.core.http.etag import check_precondition
from app.core.notices import Notices
from app.core.security import events
from app.core.security.principal import Principal
from app.models.role import Role
from app.models.user import User
from app.repositories.role import RoleRepository
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.user import UserCreate, UserResponse
from app.services.own_password import OwnPassword
from app.services.reauthentication import Reauthentication


@dataclass
class AddressRules:
    administrators_vouch: bool = True
    """Whether an address that an administrator enters counts as verified.

    A part that can ask the owner of the address switches it off.
    """


class UserService:
    """Acts for one principal inside the transaction of its request."""

    def __init__(
        self,
        session: WriteSession,
        passwords: OwnPassword,
        reauthentication: Reauthentication,
        addresses: AddressRules,
        notices: Notices,
        actor: Principal,
    ) -> None:
        self._session = session
        self._users = UserRepository(session)
        self._roles = RoleRepository(session)
        self._sessions = SessionRepository(session)
        self._passwords = passwords
        self._reauthentication = reauthentication
        self._addresses = addresses
        self._notices = notices
        self._actor = actor

    async def create(self, body: UserCreate) -> UserResponse:
        """Raises Forbidden, Unprocessable for a role or a password, or a conflict."""
        if body.is_superuser:
            self._require_superuser()
        # Before the first statement: no connection waits while a password is hashed.
        password_hash = await self._hashed(body)
        roles = [role.name for role in await self._grantable(body.roles)]
        values = body.model_dump(exclude={"password", "roles"})
        verified = self._addresses.administrators_vouch
        row = values | {"password_hash": password_hash, "email_verified": verified}
        stored = await self._users.insert(row, roles)
        self._record("user.created", stored["id"], **values, roles=roles)
        return UserResponse(**stored, roles=roles)

    async def change(self, user_id: UUID, values: dict[str, Any], if_match: str | None) -> User:
        """Sets the named columns, and a password, which ends every session.

        Raises NotFound, Forbidden, PreconditionFailed, Conflict or Unprocessable.
        """
        new_hash = await self._new_hash(user_id, values.pop("password", None))
        user = await self.reachable(user_id)
        check_precondition(if_match, UserResponse.model_validate(user))
        if values.get("is_superuser", user.is_superuser) != user.is_superuser:
            self._require_superuser()
        await self._keep_a_superuser(user, values)
        if new_hash is not None:
            await self._passwords.store(
                self._session, user, new_hash, "user.password_set", self._actor.id
            )
            await self._sessions.end_all(user.id, clock.now())
        if values.get("email", user.email) != user.email:
            user.email_verified = self._addresses.administrators_vouch
            self._notices.send(self._session, "address_changed", user.email)
        changes = events.changes(vars(user), values)
        for name, value in values.items():
            setattr(user, name, value)
        if not user.is_active:
            await self._sessions.end_all(user.id, clock.now())
        self._session.rights_changed(user.id)
        await self._users.flush()
        if changes:
            self._record(_action(changes), user.id, changes=changes)
        return user

    async def remove(self, user_id: UUID, if_match: str | None) -> None:
        user = await self.reachable(user_id)
        check_precondition(if_match, UserResponse.model_validate(user))
        await self._keep_a_superuser(user, {"is_active": False})
        await self._users.remove(user)
        self._session.rights_changed(user.id)
        self._record("user.deleted", user.id, email=user.email, username=user.username)

    async def set_roles(self, user_id: UUID, names: list[str], if_match: str | None) -> User:
        user = await self.reachable(user_id)
        check_precondition(if_match, UserResponse.model_validate(user))
        before = [role.name for role in user.roles]
        user.roles = await self._grantable(names)
        user.updated_at = clock.now()
        self._session.rights_changed(user.id)
        await self._users.flush()
        after = [role.name for role in user.roles]
        self._record("user.role.changed", user.id, changes={"roles": [before, after]})
        return user

    async def end_sessions(self, user_id: UUID) -> None:
        user = await self.reachable(user_id)
        await self._sessions.end_all(user.id, clock.now())
        self._record("user.sessions_ended", user.id)

    def _record(self, action: str, user_id: UUID, **detail: Any) -> None:
        target = f"user:{user_id}"
        events.record(self._session, action, actor_id=self._actor.id, target=target, **detail)

    async def _new_hash(self, user_id: UUID, password: SecretStr | None) -> str | None:
        """Before the first statement: no connection waits while a password is hashed."""
        if password is None:
            return None
        await self._reauthentication.require(self._actor)
        return await self._passwords.hashed_for(user_id, password.get_secret_value())

    async def _hashed(self, body: UserCreate) -> str | None:
        if body.password is None:
            return None
        password = body.password.get_secret_value()
        return await self._passwords.hashed(password, body.username, body.email)

    async def reachable(self, user_id: UUID) -> User:
        """A user with more rights than the actor is out of reach, whatever is to be changed."""
        user = await self._users.with_roles(user_id)
        if user is None:
            raise NotFound("user_not_found", "There is no such user.")
        if user.is_superuser:
            self._require_superuser()
        self._require_held(user.roles)
        return user

    async def _grantable(self, names: list[str]) -> list[Role]:
        roles = await self._roles.named(names)
        if len(roles) != len(set(names)):
            raise Unprocessable("unknown_role", "One of the roles does not exist.")
        self._require_held(roles)
        return roles

    def _require_held(self, roles: list[Role]) -> None:
        permissions = {permission for role in roles for permission in role.permissions}
        if not all(self._actor.may(permission) for permission in permissions):
            raise Forbidden("insufficient_rights", "This concerns rights that you do not hold.")

    def _require_superuser(self) -> None:
        if not self._actor.is_superuser:
            raise Forbidden("insufficient_rights", "Only a superuser may do this.")

    async def _keep_a_superuser(self, user: User, values: dict[str, Any]) -> None:
        counts = user.is_superuser and user.is_active
        stays = values.get("is_superuser", True) and values.get("is_active", True)
        if counts and not stays and len(await self._users.lock_superusers()) == 1:
            raise Conflict("last_superuser", "The last superuser cannot be taken away.")


def _action(changes: dict[str, list[Any]]) -> str:
    """The name of a change of an account; whether it may log in is the part that matters most."""
    if "is_active" not in changes:
        return "user.changed"
    return "user.activated" if changes["is_active"][1] else "user.deactivated"
