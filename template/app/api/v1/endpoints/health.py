from collections.abc import Callable, Coroutine
from functools import partial
from http import HTTPStatus
from inspect import iscoroutinefunction, signature
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from app.api.deps import monitoring
from app.core import clock
from app.core.health import Outcome, health_of
from app.core.project import project
from app.core.settings import settings_of
from app.schemas.health import Alive, CheckResult, HealthReport, Liveness, Readiness


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


class Probe(APIRoute):
    """Its function takes nothing, waits for nothing, and runs on the event loop.

    Raises TypeError for a route with parameters or dependencies, which would not be asked.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = self.endpoint
        if self.dependencies or signature(endpoint).parameters or iscoroutinefunction(endpoint):
            raise TypeError(f"{self.path} is a probe: no dependencies, no parameters, no async")

        async def answer(_: Request) -> Response:
            return Response(endpoint().model_dump_json(), media_type="application/json")

        return answer
