"""Tokens that providers issued to this service: encrypted at rest, refreshed by one at a time."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from app.core import clock
from app.core.database import Database, WriteSession
from app.core.http.errors import Conflict, NotFound, Unavailable
from app.features.encryption import Encryption, UndecryptableError
from app.features.encryption.columns import EncryptedColumn
from app.features.federation.models import ProviderToken
from app.features.federation.port import (
    AccountRefusedError,
    Federation,
    ProviderUnavailableError,
    RejectedError,
    Tokens,
)
from app.features.federation.repository import ProviderTokenRepository

EXPIRES_SOON = timedelta(seconds=30)
LEASE = timedelta(seconds=15)
POLL_SECONDS = 0.05


class GrantRevoked(Conflict):
    """What Conflict says too, and that the provider said so of this user."""


class ProviderTokens:
    """For jobs that call the API of a provider."""

    def __init__(
        self, database: Database, encryption: Encryption, federation: Callable[[], Federation]
    ) -> None:
        self._database = database
        self._encryption = encryption
        self._federation = federation

    async def access_token(
        self, user_id: UUID, provider: str, *, valid_for: timedelta = EXPIRES_SOON
    ) -> str:
        """One that is valid for 30 seconds at least, or as long as is asked.

        Raises NotFound, Conflict where the provider asks for a new login, and Unavailable.
        """
        deadline = clock.now() + LEASE
        while clock.now() < deadline:
            row, tokens = await self._read(user_id, provider)
            if tokens.expires_at is None or clock.now() < tokens.expires_at - valid_for:
                await self._renew(row)
                return tokens.access_token
            if await self._lease(row):
                return await self._refreshed(row.identity_id, provider, tokens)
            await asyncio.sleep(POLL_SECONDS)
        raise Unavailable("provider_unavailable", "The provider cannot answer now.")

    async def id_token(self, user_id: UUID, provider: str) -> str | None:
        try:
            return (await self._read(user_id, provider))[1].id_token
        except NotFound:
            return None

    async def keep(self, session: WriteSession, identity_id: UUID, tokens: Tokens) -> None:
        """A provider that sends no new refresh token means the old one to live on."""
        row = await session.get(ProviderToken, identity_id)
        if row is None:
            row = ProviderToken(identity_id=identity_id)
            session.add(row)
        elif tokens.refresh_token is None or tokens.id_token is None:
            tokens = self._completed(row, tokens)
        row.sealed = self._encryption.encrypt(_purpose(identity_id), _written(tokens))
        row.expires_at = tokens.expires_at
        row.leased_until = None

    def _completed(self, row: ProviderToken, tokens: Tokens) -> Tokens:
        try:
            before = self._opened(row)
        except UndecryptableError:
            return tokens
        return Tokens(
            tokens.access_token,
            refresh_token=tokens.refresh_token or before.refresh_token,
            id_token=tokens.id_token or before.id_token,
            expires_at=tokens.expires_at,
        )

    async def _read(self, user_id: UUID, provider: str) -> tuple[ProviderToken, Tokens]:
        async with self._database.read() as session:
            row = await ProviderTokenRepository(session).of_user(user_id, provider)
        if row is None:
            raise NotFound("no_provider_token", "The provider issued no token for this user.")
        try:
            return row, self._opened(row)
        except UndecryptableError:
            raise Conflict("login_required", "A new login at the provider is needed.") from None

    def _opened(self, row: ProviderToken) -> Tokens:
        values = json.loads(self._encryption.decrypt(_purpose(row.identity_id), row.sealed))
        return Tokens(**values, expires_at=row.expires_at)

    async def _lease(self, row: ProviderToken) -> bool:
        now = clock.now()
        async with self._database.write() as session:
            return await ProviderTokenRepository(session).lease(row, now, now + LEASE)

    async def _refreshed(self, identity_id: UUID, provider: str, tokens: Tokens) -> str:
        """No transaction is open while the provider is asked."""
        try:
            new = await self._federation().refresh(provider, tokens.refresh_token)
        except ProviderUnavailableError:
            await self._release(identity_id)
            raise Unavailable("provider_unavailable", "The provider cannot answer now.") from None
        except AccountRefusedError:
            await self._release(identity_id)
            raise GrantRevoked("login_required", "A new login at the provider is needed.") from None
        except RejectedError:
            await self._release(identity_id)
            raise Conflict("login_required", "A new login at the provider is needed.") from None
        async with self._database.write() as session:
            await self.keep(session, identity_id, new)
        return new.access_token

    async def _renew(self, row: ProviderToken) -> None:
        """What an older key encrypted is kept under the newest one from now on."""
        sealed = self._encryption.renewed(_purpose(row.identity_id), row.sealed)
        if sealed is not None:
            async with self._database.write() as session:
                await ProviderTokenRepository(session).reseal(row, sealed)

    async def _release(self, identity_id: UUID) -> None:
        async with self._database.write() as session:
            row = await session.get(ProviderToken, identity_id)
            if row is not None:
                row.leased_until = None


def _purpose(identity_id: UUID) -> str:
    return f"provider-token/{identity_id}"


def _written(tokens: Tokens) -> str:
    values = asdict(tokens)
    del values["expires_at"]  # it has a column of its own
    return json.dumps(values)


TOKENS = EncryptedColumn(
    "provider tokens", ProviderToken.identity_id, ProviderToken.sealed, _purpose
)
"""Encrypted at rest."""
