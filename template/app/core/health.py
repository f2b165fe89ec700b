"""Readiness is the sum of what the parts registered; a part brings its own check."""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import structlog
from fastapi import FastAPI
from pydantic import BaseModel, SecretStr

from app.core import registry
from app.core.settings import Settings, SettingsGroup

log = structlog.get_logger("app.health")

CHECK_TIMEOUT_SECONDS = 2.0
FRESH_SECONDS = 1.0
"""Probes within this time share one run of the checks."""


class HealthSettings(SettingsGroup):
    monitoring_token: SecretStr | None = None
    """A bearer that opens health details where there is no user."""


@dataclass(frozen=True)
class Check:
    name: str
    ping: Callable[[], Awaitable[None]]
    critical: bool


class CheckResult(BaseModel):
    status: Literal["healthy", "unhealthy"]
    critical: bool
    response_time_ms: float


type CheckResults = dict[str, CheckResult]


@dataclass
class Health:
    settings: HealthSettings = field(default_factory=HealthSettings)
    started_at: float = field(default_factory=time.monotonic)
    checks: list[Check] = field(default_factory=list)
    is_draining: bool = False
    """Set by the server when it is told to stop: readiness turns before the socket closes."""
    _latest: tuple[float, CheckResults] | None = None
    _running: asyncio.Task[CheckResults] | None = None

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self.started_at

    def admits(self, token: str) -> bool:
        """Whether this is the MONITORING_TOKEN."""
        expected = self.settings.monitoring_token
        return expected is not None and hmac.compare_digest(
            token.encode("utf-8", "replace"), expected.get_secret_value().encode()
        )

    async def run(self) -> CheckResults:
        """Results by the name of the check. The checks run at the same time."""
        if self._latest is not None and time.monotonic() - self._latest[0] < FRESH_SECONDS:
            return self._latest[1]
        if self._running is None:
            self._running = asyncio.create_task(self._run_all())
        return await asyncio.shield(self._running)  # a probe that leaves stops it for no other

    async def _run_all(self) -> CheckResults:
        try:
            results = await asyncio.gather(*(_run(check) for check in self.checks))
            by_name = dict(zip((check.name for check in self.checks), results, strict=True))
            self._latest = (time.monotonic(), by_name)
            return by_name
        finally:
            self._running = None


def install(app: FastAPI, settings: Settings) -> None:
    """Before the parts that register a check."""
    registry.add(app, Health, Health(settings.group(HealthSettings)))


def register(
    app: FastAPI, name: str, ping: Callable[[], Awaitable[None]], *, critical: bool
) -> None:
    """`ping` raises when the part cannot do its work."""
    registry.get(app, Health).checks.append(Check(name, ping, critical))


async def _run(check: Check) -> CheckResult:
    started = time.perf_counter()
    status: Literal["healthy", "unhealthy"] = "healthy"
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check.ping()
    except Exception as error:  # the edge of a probe: any error means that the part does not work
        log.warning("health.check_failed", check=check.name, error=type(error).__name__)
        status = "unhealthy"
    elapsed_ms = round((time.perf_counter() - started) * 1000, 3)
    return CheckResult(status=status, critical=check.critical, response_time_ms=elapsed_ms)
