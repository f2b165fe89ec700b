"""The end of a login at a provider: who arrived gets a code, or the client hears why not."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from app.core import instruments
from app.core.database import Database
from app.core.http.errors import Conflict, NotFound
from app.core.security import events
from app.features.encryption import Encryption, UndecryptableError
from app.features.federation.accounts import FederatedAccounts
from app.features.federation.authorization import AuthorizationService
from app.features.federation.models import FederatedIdentity
from app.features.federation.port import Arrival, Identity, RejectedError, Tokens
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.repository import FederatedIdentityRepository
from app.models.user import User

log = structlog.get_logger("app.auth")

LINK_PURPOSE = "identity-link"


class FederationService:
    def __init__(
        self,
        database: Database,
        encryption: Encryption,
        tokens: ProviderTokens,
        authorization: AuthorizationService,
    ) -> None:
        self._database = database
        self._encryption = encryption
        self._tokens = tokens
        self._authorization = authorization

    async def landing(self, arrival: Arrival) -> str:
        """Where the browser goes: the client's address with a code, or with an error."""
        try:
            answer = {"code": await self._code(arrival, await arrival.identify())}
            instruments.auth_event("federated_login")
        except RejectedError as error:
            log.warning("auth.login.failed", provider=arrival.provider, reason=error.reason)
            instruments.auth_event("federated_login", "failure")
            answer = {"error": error.error, "error_description": error.reason}
        separator = "&" if "?" in arrival.client.redirect_uri else "?"
        query = urlencode({**answer, "state": arrival.client.state})
        return f"{arrival.client.redirect_uri}{separator}{query}"

    async def link(self, user_id: UUID, pending: dict[str, Any]) -> None:
        """What a client that proved to be the user's own completes. Raises Conflict."""
        facts = json.loads(self._opened(pending["sealed"]))
        tokens = Tokens(**facts.pop("tokens"))
        identity = Identity(**facts, tokens=tokens)
        async with self._database.write() as session:
            accounts = FederatedAccounts(session)
            known = await FederatedIdentityRepository(session).known(
                identity.issuer, identity.subject
            )
            if known is not None and known.user_id != user_id:
                raise Conflict("identity_taken", "This identity belongs to another account.")
            linked = known or await accounts.link(user_id, pending["provider"], identity)
            await self._tokens.keep(session, linked.id, tokens)

    def _opened(self, sealed: str) -> str:
        try:
            return self._encryption.decrypt(LINK_PURPOSE, sealed)
        except UndecryptableError:  # its key was dropped within the minute
            raise Conflict("link_expired", "The link came too late; begin it anew.") from None

    async def unlink(self, user_id: UUID, provider: str) -> None:
        """Raises NotFound, and Conflict where nothing else would open the account."""
        async with self._database.write() as session:
            identities = FederatedIdentityRepository(session)
            user = await session.get(User, user_id, with_for_update=True)
            linked = await identities.of_user(user_id)
            others = [one for one in linked if one.provider != provider]
            if len(others) == len(linked):
                raise NotFound("identity_not_found", "No identity of this provider is linked.")
            if not others and (user is None or user.password_hash is None):
                raise Conflict("last_way_in", "Nothing else would open this account.")
            await identities.remove_all(user_id, provider)
            target = f"user:{user_id}"
            events.record(
                session, "identity.unlinked", actor_id=user_id, target=target, provider=provider
            )

    async def _code(self, arrival: Arrival, identity: Identity) -> str:
        issue = self._authorization.issue
        if arrival.link_to is not None:
            pending = {"provider": arrival.provider, "sealed": self._sealed(identity)}
            facts = {"provider": arrival.provider, "pending": pending}
            return await issue(arrival.link_to, arrival.client, **facts)
        linked, is_new_user = await self._once_more(lambda: self._entered(arrival, identity))
        return await issue(linked.user_id, arrival.client, is_new_user=is_new_user)

    async def _entered(
        self, arrival: Arrival, identity: Identity
    ) -> tuple[FederatedIdentity, bool]:
        async with self._database.write() as session:
            linked, is_new_user = await FederatedAccounts(session).resolve(arrival, identity)
            if identity.tokens is not None:
                await self._tokens.keep(session, linked.id, identity.tokens)
        return linked, is_new_user

    async def _once_more[R](self, work: Callable[[], Awaitable[R]]) -> R:
        """Two first logins at once: the second finds what the first one made."""
        try:
            return await work()
        except IntegrityError:
            return await work()

    def _sealed(self, identity: Identity) -> str:
        facts = asdict(identity)
        del facts["roles"]
        if identity.tokens is not None:
            facts["tokens"]["expires_at"] = None  # refreshed when it is used first
        return self._encryption.encrypt(LINK_PURPOSE, json.dumps(facts))
