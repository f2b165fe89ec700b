"""Failed logins, counted per account and per address before any password is looked at.

Guesses that come at once are let in a few at a time, so that they do not go around the limits.
Many failures from everywhere raise an alarm and slow down who fails; a right password from an
address that has not failed is neither refused nor delayed.
"""

import hashlib
from asyncio import sleep
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import anyio
import structlog
from fastapi import FastAPI
from pydantic import Field
from sqlalchemy import String, bindparam, case, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, instruments, registry
from app.core.database import Base, Database, UtcDateTime
from app.core.http.errors import TooManyRequests
from app.core.security.passwords import available_cores
from app.core.settings import Settings, SettingsGroup

log = structlog.get_logger("app.auth")

OVERALL = "login/overall"
ATTACK_DELAY_SECONDS = 1.0
AT_ONCE = available_cores() + 2
"""Attempts of a process between their look at the counts and their own count: so many, less one,
may exceed a limit. Enough of them that each core has a password to hash.
"""


class CounterRow(Base):
    __tablename__ = "counters"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


LIVE = select(CounterRow.key, CounterRow.count, CounterRow.expires_at).where(
    CounterRow.key.in_(bindparam("keys", expanding=True)),
    CounterRow.expires_at > bindparam("now"),
)


@dataclass(frozen=True)
class Count:
    value: int
    expires_at: datetime


class Counters:
    """Counts of events in a fixed window, in the database, so that all instances see one count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, keys: list[str]) -> dict[str, Count]:
        """The live counts among `keys`; an absent one is zero."""
        digests = {digest(key): key for key in keys}
        rows = await self._database.rows(LIVE, {"keys": list(digests), "now": clock.now()})
        return {digests[key]: Count(count, expires_at) for key, count, expires_at in rows}

    async def add(self, keys: list[str], window: timedelta) -> dict[str, Count]:
        """Counts one event under every key, in a transaction of its own; returns the new counts."""
        now = clock.now()
        digests = {digest(key): key for key in sorted(keys)}
        values = [{"key": key, "count": 1, "expires_at": now + window} for key in digests]
        row = self._database.insert(CounterRow).values(values)
        expired = CounterRow.expires_at <= now
        statement = row.on_conflict_do_update(
            index_elements=[CounterRow.key],
            set_={
                "count": case((expired, 1), else_=CounterRow.count + 1),
                "expires_at": case((expired, row.excluded.expires_at), else_=CounterRow.expires_at),
            },
        ).returning(CounterRow.key, CounterRow.count, CounterRow.expires_at)
        async with self._database.write() as session:
            await session.execute(delete(CounterRow).where(expired))
            rows = (await session.execute(statement)).all()
        return {digests[key]: Count(count, expires_at) for key, count, expires_at in rows}

    async def reset(self, key: str) -> None:
        async with self._database.write() as session:
            await session.execute(delete(CounterRow).where(CounterRow.key == digest(key)))


class LockoutSettings(SettingsGroup):
    login_failures_per_account: int = Field(10, ge=0)
    """Within the window, before a login is 429; 0 switches this off, outside production."""
    login_failures_per_address: int = Field(50, ge=0)
    """The same for one client address, whatever the accounts."""
    login_failures_overall: int = Field(1000, ge=0)
    """From here on failures are slow; 0 switches this off."""
    login_failure_window_seconds: int = Field(300, ge=1, le=900)
    """How long a failure counts."""

    def problems(self) -> Iterator[str]:
        for name in ("login_failures_per_account", "login_failures_per_address"):
            if getattr(self, name) == 0:
                yield f"{name.upper()}: 0 switches the limit off, which production refuses"


class Attempt:
    """One guess of a password or a code."""

    def __init__(self, lockout: "Lockout", identifier: str, address: str | None) -> None:
        self._lockout = lockout
        self._of = identifier, address
        self.has_failed = False
        """Whether the account failed before, so that `succeeded` has something to forget."""
        self.is_slowed = False

    async def failed(self) -> bool:
        """Whether this failure is the one that reaches a limit."""
        is_last, self.is_slowed = await self._lockout.count(*self._of)
        return is_last


class Lockout:
    def __init__(self, settings: LockoutSettings, counters: Callable[[], Counters]) -> None:
        self._counters = counters
        self._window = timedelta(seconds=settings.login_failure_window_seconds)
        self._account_limit = settings.login_failures_per_account
        self._address_limit = settings.login_failures_per_address
        self._overall = settings.login_failures_overall
        self._turns = defaultdict[str, anyio.Semaphore](partial(anyio.Semaphore, AT_ONCE))
        """By what is guessed."""

    @asynccontextmanager
    async def attempt(
        self, identifier: str, address: str | None, kind: str
    ) -> AsyncIterator[Attempt]:
        """Around the guess and the count of its failure.

        Raises TooManyRequests, for accounts that do not exist too.
        """
        limits = self._limits(identifier, address)
        counts = await self._admitted(limits, address)
        if self._is_attack(counts) and _address(address) in counts:
            await sleep(ATTACK_DELAY_SECONDS)
        attempt = Attempt(self, identifier, address)
        try:
            async with self._turns[kind]:
                counts = await self._admitted(limits, address)
                attempt.has_failed = _account(identifier) in counts
                yield attempt
        finally:
            if attempt.is_slowed:
                await sleep(ATTACK_DELAY_SECONDS)

    async def _admitted(
        self, limits: Mapping[str, int], address: str | None
    ) -> Mapping[str, Count]:
        counts = await self._counters().get([*limits, OVERALL])
        reached = [
            counts[key].expires_at
            for key, limit in limits.items()
            if key in counts and counts[key].value >= limit
        ]
        if reached:
            log.warning("auth.lockout", client_ip=address)
            instruments.auth_event("auth.lockout", "failure")
            raise TooManyRequests(
                "too_many_attempts",
                "Too many failed logins; try again later.",
                retry_after_seconds=int((max(reached) - clock.now()).total_seconds()) + 1,
            )
        return counts

    async def count(self, identifier: str, address: str | None) -> tuple[bool, bool]:
        """Whether this failure is the one that reaches a limit, and whether there is an attack."""
        limits = self._limits(identifier, address)
        counts = await self._counters().add([*limits, OVERALL], self._window)
        is_attack = self._is_attack(counts)
        if is_attack and counts[OVERALL].value == self._overall:
            log.error("auth.attack", failures=self._overall)
            instruments.auth_event("auth.attack", "failure")
        return any(counts[key].value == limit for key, limit in limits.items()), is_attack

    async def succeeded(self, identifier: str) -> None:
        await self._counters().reset(_account(identifier))

    def _limits(self, identifier: str, address: str | None) -> dict[str, int]:
        limits = {_account(identifier): self._account_limit}
        if address is not None:
            limits[_address(address)] = self._address_limit
        return {key: limit for key, limit in limits.items() if limit}

    def _is_attack(self, counts: Mapping[str, Count]) -> bool:
        return OVERALL in counts and 0 < self._overall <= counts[OVERALL].value


def install(app: FastAPI, settings: Settings) -> None:
    """A part may replace the counters; the lockout looks them up each time."""
    registry.add(app, Counters, Counters(registry.get(app, Database)))
    lockout = Lockout(settings.group(LockoutSettings), partial(registry.get, app, Counters))
    registry.add(app, Lockout, lockout)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _address(address: str | None) -> str:
    return f"login/address/{address}"


def _account(identifier: str) -> str:
    return f"login/account/{identifier.lower()}"
