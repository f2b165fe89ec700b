"""Accounts as their providers know them now: tokens are fresh, roles follow, the gone stay out.

Providers are asked without a transaction; what they answered about a page of accounts is written
in one, so that whoever is interrupted goes on behind the last page that was kept.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from app.core.database import Database, WriteSession
from app.core.http.errors import AppError
from app.features.federation.accounts import FederatedAccounts
from app.features.federation.models import FederatedIdentity, ProviderToken
from app.features.federation.port import AccountRefusedError, Federation, Profile, RejectedError
from app.features.federation.provider_tokens import GrantRevoked, ProviderTokens
from app.features.federation.repository import FederatedIdentityRepository

log = structlog.get_logger("app.oauth")

PAGE = 50
AT_ONCE = 8
AHEAD = timedelta(hours=2)
"""A token that expires within this time is refreshed; more than the time between two syncs."""
FEW = 5


class MostAreRefusedError(Exception):
    """Then it is the client that the provider refuses: no account is shut out for that."""


@dataclass(frozen=True)
class Asked:
    """None where the provider could not answer, or does not tell."""

    identity: FederatedIdentity
    profile: Profile | None = None
    is_refused: bool = False


class ProviderSync:
    def __init__(self, database: Database, tokens: ProviderTokens, federation: Federation) -> None:
        self._database = database
        self._tokens = tokens
        self._federation = federation

    async def ask(self, after: UUID | None) -> list[Asked]:
        """The next page, in the order of ids; empty at the end. Raises MostAreRefusedError."""
        async with self._database.read() as session:
            page = await FederatedIdentityRepository(session).with_tokens(after, PAGE)
        limit = asyncio.Semaphore(AT_ONCE)
        asked = await asyncio.gather(*(self._ask(identity, limit) for identity in page))
        refused = sum(one.is_refused for one in asked)
        if refused > max(FEW, len(asked) // 2):
            raise MostAreRefusedError(f"the providers refuse {refused} of {len(asked)} accounts")
        return asked

    async def write(self, session: WriteSession, asked: Sequence[Asked]) -> int:
        """What was answered, in the caller's transaction; how many accounts were shut out."""
        accounts = FederatedAccounts(session)
        shut_out = 0
        for one in asked:
            identity = await session.get(FederatedIdentity, one.identity.id)
            if identity is None:
                continue
            if one.is_refused:
                shut_out += await accounts.shut_out(identity)
                row = await session.get(ProviderToken, identity.id)
                if row is not None:
                    await session.delete(row)
            elif one.profile is not None:
                await accounts.follow(identity, one.profile)
        return shut_out

    async def _ask(self, identity: FederatedIdentity, limit: asyncio.Semaphore) -> Asked:
        async with limit:
            try:
                access_token = await self._tokens.access_token(
                    identity.user_id, identity.provider, valid_for=AHEAD
                )
                profile = await self._federation.profile(
                    identity.provider, identity.issuer, identity.subject, access_token
                )
            except (GrantRevoked, AccountRefusedError):
                return Asked(identity, is_refused=True)
            except (RejectedError, AppError) as error:
                log.warning(
                    "oauth.sync_skipped", provider=identity.provider, error=type(error).__name__
                )
                return Asked(identity)
        return Asked(identity, profile)
