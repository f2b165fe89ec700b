from functools import partial
from http import HTTPStatus

from fastapi import Depends
from fastapi import FastAPI
from fastapi import Request
from fastapi import Response

from app.api.deps import monitoring
from app.api.probe import Probe
from app.core import clock
from app.core.about import project
from app.core.config import settings_of
from app.core.health import Outcome
from app.core.health import health_of
from app.schemas.health import Alive
from app.schemas.health import CheckResult
from app.schemas.health import HealthReport
from app.schemas.health import Liveness
from app.schemas.health import Readiness


def install(app: FastAPI) -> None:
    """On the application itself: probes do not walk through the routers."""
    route = partial(app.add_api_route, tags=["health"])
    probe = partial(app.router.add_api_route, tags=["health"], route_class_override=Probe)
    probe("/api/v1/health/liveness", read_liveness)
    route(
        "/api/v1/health/readiness",
        read_readiness,
        responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Readiness}},
    )
    probe("/health", read_health)
    route("/api/v1/health", read_health_report, dependencies=[Depends(monitoring)])


def read_health() -> Alive:
    """Whether the process answers; nothing else is asked."""
    return Alive()


def read_liveness() -> Liveness:
    """Whether the process answers, and its time. Failing it, restart."""
    return Liveness(timestamp=clock.now())


async def read_readiness(request: Request, response: Response) -> Readiness:
    """Whether to send requests here: 503 while it drains or a critical check fails."""
    health = health_of(request)
    outcomes = await health.run()
    failed = [outcome for outcome in outcomes if not outcome.healthy]
    readiness = Readiness(
        status="degraded" if failed else "ready", timestamp=clock.now(), checks=_results(outcomes)
    )
    if health.is_draining or any(outcome.critical for outcome in failed):
        readiness.status = "not_ready"
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return readiness


async def read_health_report(request: Request) -> HealthReport:
    """Every check with its time, the version and the uptime."""
    health = health_of(request)
    outcomes = await health.run()
    failed = [outcome for outcome in outcomes if not outcome.healthy]
    critical = any(outcome.critical for outcome in failed)
    return HealthReport(
        status="unhealthy" if critical else "degraded" if failed else "healthy",
        timestamp=clock.now(),
        version=project().version,
        environment=settings_of(request).runtime.environment,
        uptime_seconds=round(health.uptime_seconds, 3),
        checks=_results(outcomes),
    )


def _results(outcomes: list[Outcome]) -> dict[str, CheckResult]:
    return {
        outcome.name: CheckResult(
            status="healthy" if outcome.healthy else "unhealthy",
            critical=outcome.critical,
            response_time_ms=outcome.response_time_ms,
        )
        for outcome in outcomes
    }
