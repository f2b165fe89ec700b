"""What Prometheus scrapes: series by route template, however many paths are asked for."""

import asyncio
import subprocess
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core import instruments
from tests.core.settings.test_production import USABLE
from tests.support.factories import bearer, logged_in, make_user
from tests.support.service import Service, Start

# What another test did is not counted here.
pytestmark = pytest.mark.own_service

PATHS = 10_000
MOST_NEW_SERIES = 5
TOKEN = "monitoring-" + "x1y2" * 8

type Series = tuple[str, frozenset[tuple[str, str]]]


async def scraped(service: Service) -> dict[Series, float]:
    response = await service.client.get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def series(family: str, /, **labels: str) -> Series:
    return family, frozenset(labels.items())


async def test_requests_are_counted_by_template(service: Service) -> None:
    tokens = await logged_in(service, is_superuser=True)
    for _ in range(3):
        await service.client.get(f"/api/v1/users/{uuid4()}", headers=tokens.header)

    found = await scraped(service)

    route = {"method": "GET", "route": "/api/v1/users/{user_id}"}
    assert found[series("http_requests_total", **route, status="404")] == 3
    assert found[series("http_request_duration_seconds_count", **route)] == 3
    assert found[series("http_requests_in_progress")] == 1


async def test_random_paths_add_hardly_a_series(service: Service) -> None:
    await scraped(service)
    before = await scraped(service)
    for _ in range(200):
        await service.client.request(f"M{uuid4().hex[:8]}", f"/{uuid4()}")

    added = (await scraped(service)).keys() - before.keys()

    unmatched = series("http_requests_total", method="other", route="unmatched", status="404")
    assert unmatched in added
    assert len(added) <= MOST_NEW_SERIES


@pytest.mark.slow
async def test_ten_thousand_random_paths_add_hardly_a_series(start: Start) -> None:
    async with start(log_level="CRITICAL") as service:
        await scraped(service)
        before = await scraped(service)
        for _ in range(PATHS):
            await service.client.get(f"/{uuid4()}/{uuid4()}")

        added = (await scraped(service)).keys() - before.keys()

    assert len(added) <= MOST_NEW_SERIES


async def test_what_accounts_go_through_is_counted(service: Service) -> None:
    user = await make_user(service)
    body = {"username": user.username, "password": "wrong"}
    await service.client.post("/api/v1/auth/login", json=body)

    found = await scraped(service)

    assert found[series("auth_events_total", event="auth.login.failed", outcome="failure")] == 1


async def test_the_pool_and_the_build_are_seen(service: Service) -> None:
    async with service.database.read() as session:
        await session.connection()
        found = await scraped(service)

    assert found[series("db_pool_connections", state="in_use")] == 1
    assert series("db_pool_connections", state="idle") in found
    assert found[series("app_build_info", version=service.app.version)] == 1


async def test_optional_parts_are_counted_by_what_they_tell(service: Service) -> None:
    instruments.rate_limit_hit("auth")
    instruments.cache_request("hit")
    instruments.job_finished("send_mail", "success", 0.2)

    found = await scraped(service)

    assert found[series("rate_limit_hits_total", limit="auth")] == 1
    assert found[series("cache_requests_total", outcome="hit")] == 1
    assert found[series("jobs_total", name="send_mail", outcome="success")] == 1
    assert found[series("job_duration_seconds_sum", name="send_mail")] == 0.2


async def test_a_failed_request_is_a_500_and_no_longer_in_progress(service: Service) -> None:
    async def boom() -> None:
        raise RuntimeError

    service.app.add_api_route("/boom", boom)
    await service.client.get("/boom")

    found = await scraped(service)

    failed = {"method": "GET", "route": "/boom", "status": "500"}
    assert found[series("http_requests_total", **failed)] == 1
    assert found[series("http_requests_in_progress")] == 1


async def test_it_is_off_where_it_is_switched_off(start: Start) -> None:
    async with start(metrics_enabled=False) as service:
        response = await service.client.get("/metrics")

    assert response.status_code == 404


async def test_it_is_never_open_in_production(start: Start) -> None:
    async with start(**USABLE) as service:
        response = await service.client.get("/metrics")

    assert response.status_code == 404


@pytest.mark.parametrize("environment", ["production", "test"])
async def test_the_monitoring_token_opens_it(start: Start, environment: str) -> None:
    values = USABLE | {"environment": environment, "monitoring_token": TOKEN}
    async with start(**values) as service:
        statuses = [
            (await service.client.get("/metrics", headers=headers)).status_code
            for headers in ({}, bearer("wrong"), {"Authorization": TOKEN}, bearer(TOKEN))
        ]

    assert statuses == [401, 401, 401, 200]


@pytest.mark.needs("promtool")
async def test_promtool_finds_nothing_to_say(service: Service) -> None:
    await service.client.get("/health")
    instruments.job_finished("send_mail", "success", 0.2)
    text = (await service.client.get("/metrics")).content

    checked = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=text, capture_output=True
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
