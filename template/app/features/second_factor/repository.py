from collections.abc import Iterable
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, func, select, update

from app.core.database import Database
from app.core.database.repository import Repository
from app.features.second_factor.models import RecoveryCode, TotpFactor

factors = cast("Table", TotpFactor.__table__)

CONFIRMED = select(factors.c.user_id).where(
    factors.c.user_id == bindparam("user_id"), factors.c.confirmed_at.is_not(None)
)


class TotpFactorRepository(Repository[TotpFactor]):
    model = TotpFactor

    async def confirmed(self, user_id: UUID) -> TotpFactor | None:
        statement = select(TotpFactor).where(
            TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None)
        )
        return await self.session.scalar(statement)

    async def accept(self, factor: TotpFactor, step: int, now: datetime) -> bool:
        """Takes a time step for good: of two requests with one code, one gets False."""
        statement = update(TotpFactor).where(
            TotpFactor.user_id == factor.user_id,
            TotpFactor.created_at == factor.created_at,
            TotpFactor.last_step < step,
            TotpFactor.confirmed_at.is_not_distinct_from(factor.confirmed_at),
        )
        values = {"last_step": step, "confirmed_at": factor.confirmed_at or now}
        taken = statement.values(values).returning(TotpFactor.user_id)
        return await self.session.scalar(taken) is not None

    async def store_secret(self, user_id: UUID, secret: str) -> None:
        statement = update(TotpFactor).where(TotpFactor.user_id == user_id)
        await self.session.execute(statement.values(secret=secret))

    async def replace(
        self, user_id: UUID, created_at: datetime, secret: str, step: int, now: datetime
    ) -> bool:
        """Whether the confirmed one of that time was there; its recovery codes are gone."""
        statement = update(TotpFactor).where(
            TotpFactor.user_id == user_id,
            TotpFactor.created_at == created_at,
            TotpFactor.confirmed_at.is_not(None),
        )
        values = {"secret": secret, "last_step": step, "created_at": now, "confirmed_at": now}
        replaced = statement.values(values).returning(TotpFactor.user_id)
        if await self.session.scalar(replaced) is None:
            return False
        await self.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
        return True

    async def remove_of(self, user_id: UUID) -> bool:
        """Whether there was one; its recovery codes go with it."""
        statement = delete(TotpFactor).where(TotpFactor.user_id == user_id)
        return await self.session.scalar(statement.returning(TotpFactor.user_id)) is not None

    async def remove_pending(self, user_id: UUID) -> None:
        statement = delete(TotpFactor).where(TotpFactor.user_id == user_id)
        await self.session.execute(statement.where(TotpFactor.confirmed_at.is_(None)))

    async def add_recovery_codes(self, user_id: UUID, hashes: Iterable[str]) -> None:
        self.session.add_all(RecoveryCode(user_id=user_id, code_hash=item) for item in hashes)
        await self.session.flush()

    async def spend_recovery_code(self, user_id: UUID, code_hash: str) -> bool:
        statement = delete(RecoveryCode).where(
            RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash
        )
        return await self.session.scalar(statement.returning(RecoveryCode.user_id)) is not None

    async def recovery_codes_left(self, user_id: UUID) -> int:
        statement = select(func.count()).where(RecoveryCode.user_id == user_id)
        return await self.session.scalar(statement) or 0


async def has_confirmed(database: Database, user_id: UUID) -> bool:
    return bool(await database.rows(CONFIRMED, {"user_id": user_id}))
