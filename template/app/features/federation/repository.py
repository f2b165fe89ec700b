from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update

from app.core.database.repository import Repository
from app.features.federation.models import FederatedIdentity, ProviderToken
from app.models.session import Session


class FederatedIdentityRepository(Repository[FederatedIdentity]):
    model = FederatedIdentity

    async def known(self, issuer: str, subject: str) -> FederatedIdentity | None:
        statement = select(FederatedIdentity).where(
            FederatedIdentity.issuer == issuer, FederatedIdentity.subject == subject
        )
        return await self.session.scalar(statement)

    async def of_user(self, user_id: UUID) -> Sequence[FederatedIdentity]:
        statement = select(FederatedIdentity).where(FederatedIdentity.user_id == user_id)
        return (await self.session.scalars(statement.order_by(FederatedIdentity.id))).all()

    async def with_tokens(self, after: UUID | None, limit: int) -> Sequence[FederatedIdentity]:
        """Those that a provider issued tokens for, in the order of their ids, behind `after`."""
        statement = (
            select(FederatedIdentity)
            .join(ProviderToken, ProviderToken.identity_id == FederatedIdentity.id)
            .order_by(FederatedIdentity.id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(FederatedIdentity.id > after)
        return (await self.session.scalars(statement)).all()

    async def remove_all(self, user_id: UUID, provider: str) -> None:
        statement = delete(FederatedIdentity).where(
            FederatedIdentity.user_id == user_id, FederatedIdentity.provider == provider
        )
        await self.session.execute(statement)

    async def was_ever_used(self, user_id: UUID) -> bool:
        """Whether somebody has signed in to the account, or could through a provider."""
        signed_in = exists().where(Session.user_id == user_id)
        linked = exists().where(FederatedIdentity.user_id == user_id)
        return bool(await self.session.scalar(select(or_(signed_in, linked))))


class ProviderTokenRepository(Repository[ProviderToken]):
    model = ProviderToken

    async def of_user(self, user_id: UUID, provider: str) -> ProviderToken | None:
        """The newest; its identity names the user and the provider."""
        statement = (
            select(ProviderToken)
            .join(FederatedIdentity, FederatedIdentity.id == ProviderToken.identity_id)
            .where(FederatedIdentity.user_id == user_id, FederatedIdentity.provider == provider)
            .order_by(FederatedIdentity.last_used_at.desc())
        )
        return await self.session.scalar(statement.limit(1))

    async def lease(self, row: ProviderToken, now: datetime, until: datetime) -> bool:
        """True for the one who may refresh the token until then, unless it was refreshed since."""
        is_free = or_(ProviderToken.leased_until.is_(None), ProviderToken.leased_until <= now)
        is_same = (ProviderToken.identity_id == row.identity_id) & (
            ProviderToken.sealed == row.sealed
        )
        statement = update(ProviderToken).where(is_same, is_free)
        leased = statement.values(leased_until=until).returning(ProviderToken.identity_id)
        return await self.session.scalar(leased) is not None

    async def reseal(self, row: ProviderToken, sealed: str) -> None:
        """Unless it was refreshed since."""
        is_same = (ProviderToken.identity_id == row.identity_id) & (
            ProviderToken.sealed == row.sealed
        )
        await self.session.execute(update(ProviderToken).where(is_same).values(sealed=sealed))
