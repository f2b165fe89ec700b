"""`GET /metrics`: what the instruments tell and the pool knows, as Prometheus text.

One process per container is the model: a process answers for itself, and Prometheus adds up.
"""

from collections.abc import Callable, Iterator

from fastapi import FastAPI, Request, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Pool, QueuePool

from app.core import instruments, registry
from app.core.database import Database
from app.core.health import Health, HealthSettings
from app.core.http.errors import Unauthenticated
from app.core.instruments import METHODS, Instruments
from app.core.project import project
from app.core.settings import Settings, SettingsGroup

PATH = "/metrics"
UNMATCHED = "unmatched"
OTHER = "other"
BEARER = "Bearer "
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds; an objective for latency names one of them."""
JOB_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)


class MetricsSettings(SettingsGroup):
    metrics_enabled: bool = True
    """Whether `/metrics` answers; in production with MONITORING_TOKEN only."""


def install(app: FastAPI, settings: Settings) -> None:
    """Nothing is measured, and nothing answers, where it is off or would be open in production."""
    guarded = settings.group(HealthSettings).monitoring_token is not None
    if not settings.group(MetricsSettings).metrics_enabled:
        return
    if settings.runtime.is_production and not guarded:
        return
    metrics = Metrics(registry.get(app, Database).engine.pool)
    instruments.add(metrics)
    registry.add(app, Metrics, metrics)
    app.add_api_route(PATH, read_metrics, include_in_schema=False)


class Metrics(Instruments):
    """The series of one process, in a registry of its own."""

    def __init__(self, pool: Pool) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the package left it untyped
        self.registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        registry.register(PoolCollector(pool))
        Info("app_build", "Which build answers.", registry=registry).info(
            {"version": project().version}
        )
        self._requests = Counter(
            "http_requests", "Answers.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "How long an answer of a route took.",
            ("method", "route"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._running = Gauge("http_requests_in_progress", "Unanswered.", registry=registry)
        self._auth = Counter(
            "auth_events", "What accounts went through.", ("event", "outcome"), registry=registry
        )
        self._limits = Counter(
            "rate_limit_hits", "Requests refused by a limit.", ("limit",), registry=registry
        )
        self._cache = Counter("cache_requests", "Lookups.", ("outcome",), registry=registry)
        self._jobs = Counter("jobs", "Runs of a job.", ("name", "outcome"), registry=registry)
        self._job_seconds = Histogram(
            "job_duration_seconds",
            "How long a run took.",
            ("name",),
            buckets=JOB_SECONDS,
            registry=registry,
        )
        self._counted: dict[tuple[str, str | None, int], Callable[[], None]] = {}
        self._observed: dict[tuple[str, str], Callable[[float], None]] = {}

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def request_started(self, method: str) -> None:
        self._running.inc()

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """A path without a route is counted under one name; how long its refusal took is not."""
        self._running.dec()
        method = method if method in METHODS else OTHER
        count = self._counted.get((method, route, status))
        if count is None:
            labels = self._requests.labels(method, route or UNMATCHED, status)
            count = self._counted[method, route, status] = labels.inc
        count()
        if route is not None:
            observe = self._observed.get((method, route))
            if observe is None:
                observe = self._observed[method, route] = self._seconds.labels(
                    method, route
                ).observe
            observe(seconds)

    def auth_event(self, event: str, outcome: str = "success") -> None:
        self._auth.labels(event, outcome).inc()

    def rate_limit_hit(self, limit: str) -> None:
        self._limits.labels(limit).inc()

    def cache_request(self, outcome: str) -> None:
        self._cache.labels(outcome).inc()

    def job_finished(self, name: str, outcome: str, seconds: float) -> None:
        self._jobs.labels(name, outcome).inc()
        self._job_seconds.labels(name).observe(seconds)


class PoolCollector(Collector):
    """Read when asked: a connection that is lent out costs nothing to count."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "db_pool_connections", "Connections of the pool.", labels=["state"]
        )
        if isinstance(self._pool, QueuePool):
            family.add_metric(["in_use"], self._pool.checkedout())
            family.add_metric(["idle"], self._pool.checkedin())
        yield family


async def read_metrics(request: Request) -> Response:
    """Raises Unauthenticated for all but the bearer of MONITORING_TOKEN, where there is one."""
    health = registry.get(request, Health)
    header = request.headers.get("Authorization", "")
    if health.settings.monitoring_token is not None and not (
        header.startswith(BEARER) and health.admits(header.removeprefix(BEARER))
    ):
        raise Unauthenticated("not_authenticated", "This needs the monitoring token.")
    metrics = registry.get(request, Metrics)
    return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
