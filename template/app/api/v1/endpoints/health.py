from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.api.deps import monitoring
from app.core import clock, registry
from app.core.health import CheckResult, CheckResults, Health
from app.core.project import project
from app.core.settings import settings_of


class Readiness(BaseModel):
    status: Literal["ready", "degraded", "not_ready"]
    timestamp: datetime
    checks: dict[str, CheckResult]


class HealthReport(BaseModel):
    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: datetime
    version: str
    environment: str
    uptime_seconds: float
    checks: dict[str, CheckResult]


def install(app: FastAPI) -> None:
    """On the application itself: probes do not walk through the routers."""
    route = partial(app.router.add_api_route, tags=["health"])
    route("/api/v1/health/liveness", read_liveness, route_class_override=Probe)
    route("/api/v1/health/readiness", read_readiness, responses={503: {"model": Readiness}})
    route("/health", read_health, route_class_override=Probe)
    route("/api/v1/health", read_health_report, dependencies=[Depends(monitoring)])


class Probe(APIRoute):
    """Calls a function that takes nothing: resolving dependencies would take most of the time."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(_: Request) -> Response:
            return JSONResponse(self.endpoint())

        return answer


def read_health() -> dict[str, str]:
    """Whether the process answers; it touches no dependency."""
    return {"status": "healthy"}


def read_liveness() -> dict[str, str]:
    """Whether the process answers, and its time. Restart a process that fails this probe."""
    return {"status": "healthy", "timestamp": clock.now().isoformat()}


async def read_readiness(request: Request, response: Response) -> Readiness:
    """Whether to send requests here: 503 while it drains or a critical check fails."""
    health = registry.get(request, Health)
    checks = await health.run()
    readiness = Readiness(
        status="degraded" if _failed(checks) else "ready", timestamp=clock.now(), checks=checks
    )
    if health.is_draining or any(_failed(checks)):
        readiness.status = "not_ready"
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return readiness


async def read_health_report(request: Request) -> HealthReport:
    """Every check with its time, the version and the uptime."""
    health = registry.get(request, Health)
    checks = await health.run()
    failed = _failed(checks)
    return HealthReport(
        status="unhealthy" if any(failed) else "degraded" if failed else "healthy",
        timestamp=clock.now(),
        version=project().version,
        environment=settings_of(request).runtime.environment,
        uptime_seconds=round(health.uptime_seconds, 3),
        checks=checks,
    )


def _failed(checks: CheckResults) -> list[bool]:
    """For each check that failed, whether it is critical."""
    return [check.critical for check in checks.values() if check.status == "unhealthy"]
