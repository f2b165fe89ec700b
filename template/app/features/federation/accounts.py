"""Which account an identity opens: the one it is linked to, a new one, an invited one, or none.

Never one with the same e-mail: to link an identity to an account takes that account's own login.
"""

import re
import secrets
from uuid import UUID

from app.core import clock
from app.core.database import WriteSession
from app.core.security import events
from app.features.federation.models import FederatedIdentity
from app.features.federation.port import Arrival, Identity, Profile, RejectedError
from app.features.federation.repository import FederatedIdentityRepository
from app.models.role import DEFAULT_ROLE
from app.models.user import User
from app.repositories.role import RoleRepository
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository

MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 200
SUFFIX_BYTES = 3


class FederatedAccounts:
    """Works inside the transaction of one arrival."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session
        self._identities = FederatedIdentityRepository(session)
        self._users = UserRepository(session)
        self._roles = RoleRepository(session)

    async def resolve(self, arrival: Arrival, identity: Identity) -> tuple[FederatedIdentity, bool]:
        """The linked identity, and whether its user is new. Raises RejectedError."""
        linked = await self._identities.known(identity.issuer, identity.subject)
        if linked is not None:
            return await self._returning(arrival, linked, identity), False
        if identity.email is None or not identity.email_verified:
            raise RejectedError("access_denied", "email_unverified")
        email = identity.email.lower()
        user = await self._users.by_identifier(email)
        if user is None and arrival.invite_only:
            raise RejectedError("access_denied", "not_invited")
        if user is None:
            user = await self._created(identity, email)
            await self._apply_roles(user, arrival, identity)
            return await self.link(user.id, arrival.provider, identity), True
        if not arrival.invite_only or not await self._is_invited(user):
            raise RejectedError("access_denied", "account_exists")
        user.email_verified = True
        await self._apply_roles(user, arrival, identity)
        return await self.link(user.id, arrival.provider, identity), True

    async def link(self, user_id: UUID, provider: str, identity: Identity) -> FederatedIdentity:
        linked = FederatedIdentity(
            user_id=user_id,
            provider=provider,
            issuer=identity.issuer,
            subject=identity.subject,
            email=identity.email,
        )
        await self._identities.add(linked)
        target = f"user:{user_id}"
        events.record(
            self._session, "identity.linked", actor_id=user_id, target=target, provider=provider
        )
        return linked

    async def _returning(
        self, arrival: Arrival, linked: FederatedIdentity, identity: Identity
    ) -> FederatedIdentity:
        user = await self._users.with_roles(linked.user_id)
        if user is None or not user.is_active:
            raise RejectedError("access_denied", "account_disabled")
        linked.last_used_at = clock.now()
        linked.email = identity.email
        await self._apply_roles(user, arrival, identity)
        return linked

    async def follow(self, linked: FederatedIdentity, profile: Profile) -> None:
        """Takes over what the provider tells of a user now."""
        user = await self._users.with_roles(linked.user_id)
        if user is None or not user.is_active:
            return
        linked.email = profile.identity.email
        await self._give_roles(user, linked.provider, profile.managed_roles, profile.identity)

    async def shut_out(self, linked: FederatedIdentity) -> bool:
        """The sessions of a user whom the provider refuses end. True where the account is disabled
        too: nothing else opens it, and it is no superuser's.
        """
        user = await self._users.with_roles(linked.user_id)
        if user is None or not user.is_active:
            return False
        await SessionRepository(self._session).end_all(user.id, clock.now())
        others = len(await self._identities.of_user(user.id)) > 1
        is_disabled = user.password_hash is None and not others and not user.is_superuser
        if is_disabled:
            user.is_active = False
        action = "user.deactivated" if is_disabled else "user.sessions_ended"
        target = f"user:{user.id}"
        events.record(self._session, action, actor_id=None, target=target, provider=linked.provider)
        return is_disabled

    async def _is_invited(self, user: User) -> bool:
        """Made by an administrator, without a password, and entered by nobody yet."""
        is_waiting = user.is_active and user.password_hash is None
        return is_waiting and not await self._identities.was_ever_used(user.id)

    async def _created(self, identity: Identity, email: str) -> User:
        name = identity.full_name
        user = User(
            email=valid_email(email),
            username=await _free_username(self._users, identity.username or email),
            full_name=name[:MAX_NAME_LENGTH] if name else None,
            email_verified=True,
            roles=await self._roles.named([DEFAULT_ROLE]),
        )
        await self._users.add(user)
        events.record(
            self._session,
            "user.created",
            actor_id=user.id,
            target=f"user:{user.id}",
            issuer=identity.issuer,
        )
        return user

    async def _apply_roles(self, user: User, arrival: Arrival, identity: Identity) -> None:
        await self._give_roles(user, arrival.provider, arrival.managed_roles, identity)

    async def _give_roles(
        self, user: User, provider: str, managed_roles: frozenset[str], identity: Identity
    ) -> None:
        """The map decides about the roles it names; all others stay as they are."""
        if identity.roles is None:
            return
        held = {role.name for role in user.roles}
        wanted = (held - managed_roles) | identity.roles
        if wanted == held:
            return
        user.roles = await self._roles.named(sorted(wanted))
        self._session.rights_changed(user.id)
        events.record(
            self._session,
            "user.role.changed",
            actor_id=user.id,
            target=f"user:{user.id}",
            roles=sorted(role.name for role in user.roles),
            provider=provider,
        )


def valid_email(email: str) -> str:
    """Raises RejectedError for what could not have been registered here."""
    local, _, domain = email.rpartition("@")
    if not local or "." not in domain or len(email) > MAX_EMAIL_LENGTH or " " in email:
        raise RejectedError("access_denied", "email_malformed")
    return email


async def _free_username(users: UserRepository, wanted: str) -> str:
    base = re.sub(r"[^a-z0-9._-]+", "-", wanted.lower().partition("@")[0]).strip("._-")[:40]
    base = base if len(base) >= 3 else f"user-{base}".strip("-")
    if await users.by_identifier(base) is None:
        return base
    return f"{base}-{secrets.token_hex(SUFFIX_BYTES)}"
