"""Readiness is the sum of what the parts registered; a part brings its own check."""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from fastapi import FastAPI, Request
from pydantic import SecretStr

from app.core import registry
from app.core.settings import Settings, SettingsGroup

log = structlog.get_logger("app.health")

CHECK_TIMEOUT_SECONDS = 2.0
FRESH_SECONDS = 1.0
"""Probes within this time share one run of the checks, however many they are."""


class HealthSettings(SettingsGroup):
    monitoring_token: SecretStr | None = None
    """A bearer that opens health details where there is no user."""


@dataclass(frozen=True)
class Check:
    name: str
    ping: Callable[[], Awaitable[None]]
    critical: bool


@dataclass(frozen=True)
class Outcome:
    name: str
    healthy: bool
    critical: bool
    response_time_ms: float


@dataclass
class Health:
    settings: HealthSettings = field(default_factory=HealthSettings)
    started_at: float = field(default_factory=time.monotonic)
    checks: list[Check] = field(default_factory=list)
    is_draining: bool = False
    """Set by the server when it is told to stop: readiness turns before the socket closes."""
    _latest: tuple[float, list[Outcome]] | None = None
    _running: asyncio.Task[list[Outcome]] | None = None

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self.started_at

    def admits(self, token: str) -> bool:
        """Whether this is the MONITORING_TOKEN."""
        expected = self.settings.monitoring_token
        return expected is not None and hmac.compare_digest(
            token.encode("utf-8", "replace"), expected.get_secret_value().encode()
        )

    async def run(self) -> list[Outcome]:
        """All checks at once, so that the slowest decides how long a probe takes."""
        if self._latest is not None and time.monotonic() - self._latest[0] < FRESH_SECONDS:
            return self._latest[1]
        if self._running is None:
            self._running = asyncio.create_task(self._run_all())
        return await asyncio.shield(self._running)  # a probe that leaves stops it for no other

    async def _run_all(self) -> list[Outcome]:
        try:
            outcomes = await asyncio.gather(*(_run(check) for check in self.checks))
            self._latest = (time.monotonic(), outcomes)
            return outcomes
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


def health_of(request: Request) -> Health:
    return registry.get(request, Health)


async def _run(check: Check) -> Outcome:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check.ping()
        healthy = True
    except Exception as error:  # the edge of a probe: whatever it is, the part is not healthy
        log.warning("health.check_failed", check=check.name, error=type(error).__name__)
        healthy = False
    elapsed_ms = round((time.perf_counter() - started) * 1000, 3)
    return Outcome(check.name, healthy, check.critical, elapsed_ms)
