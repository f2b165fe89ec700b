"""Failed logins, counted per account and per address before any password is looked at.

Many failures from everywhere raise an alarm and slow down who fails; a right password from an
address that has not failed is neither refused nor delayed.
"""

from asyncio import sleep
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import timedelta

import structlog
from pydantic import Field

from app.core import instruments
from app.core.config import SettingsGroup
from app.core.errors import TooManyRequests
from app.core.ports import Count
from app.core.ports import Counters

log = structlog.get_logger("app.auth")

OVERALL = "login/overall"
ATTACK_DELAY_SECONDS = 1.0


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


class Lockout:
    def __init__(self, settings: LockoutSettings, counters: Counters) -> None:
        self._counters = counters
        self._window = timedelta(seconds=settings.login_failure_window_seconds)
        self._account_limit = settings.login_failures_per_account
        self._address_limit = settings.login_failures_per_address
        self._overall = settings.login_failures_overall

    async def check(self, identifier: str, address: str | None) -> bool:
        """Whether the account has failed lately, so that `succeeded` has something to forget.

        Raises TooManyRequests, for accounts that do not exist too.
        """
        limits = self._limits(identifier, address)
        counts = await self._counters.get([*limits, OVERALL])
        if self._is_attack(counts) and _address(address) in counts:
            await sleep(ATTACK_DELAY_SECONDS)
        reached = [count for key, count in counts.items() if _reaches(key, count, limits)]
        if reached:
            log.warning("auth.lockout", client_ip=address)
            instruments.auth_event("lockout", "failure")
            raise TooManyRequests(
                "too_many_attempts",
                "Too many failed logins; try again later.",
                retry_after_seconds=max(count.seconds_left for count in reached),
            )
        return _account(identifier) in counts

    async def failed(self, identifier: str, address: str | None) -> bool:
        """Whether this failure is the one that reaches a limit."""
        limits = self._limits(identifier, address)
        counts = await self._counters.add([*limits, OVERALL], self._window)
        if self._is_attack(counts):
            if counts[OVERALL].value == self._overall:
                log.error("auth.attack", failures=self._overall)
                instruments.auth_event("attack", "failure")
            await sleep(ATTACK_DELAY_SECONDS)
        return any(counts[key].value == limit for key, limit in limits.items())

    async def succeeded(self, identifier: str) -> None:
        await self._counters.reset(_account(identifier))

    def _limits(self, identifier: str, address: str | None) -> dict[str, int]:
        limits = {_account(identifier): self._account_limit}
        if address is not None:
            limits[_address(address)] = self._address_limit
        return {key: limit for key, limit in limits.items() if limit}

    def _is_attack(self, counts: Mapping[str, Count]) -> bool:
        return OVERALL in counts and 0 < self._overall <= counts[OVERALL].value


def _reaches(key: str, count: Count, limits: Mapping[str, int]) -> bool:
    return key in limits and count.value >= limits[key]


def _address(address: str | None) -> str:
    return f"login/address/{address}"


def _account(identifier: str) -> str:
    return f"login/account/{identifier.lower()}"
