"""What probes see."""

import asyncio

import pytest

from app.core import health, registry
from app.core.database import Database
from app.core.health import Health
from tests.support.factories import logged_in, make_role
from tests.support.production import PRODUCTION
from tests.support.service import Service, Start

# These tests add to the application.
pytestmark = pytest.mark.own_service

LIVENESS = "/api/v1/health/liveness"
READINESS = "/api/v1/health/readiness"
REPORT = "/api/v1/health"


async def broken() -> None:
    raise OSError("the part is away")


async def test_health_and_liveness_touch_no_part(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    health.register(service.app, "broken", broken, critical=True)

    with monkeypatch.context() as patch:
        patch.delitem(service.app.state.registered_parts, Database)
        plain = await service.client.get("/health")
        liveness = await service.client.get(LIVENESS)

    assert plain.status_code == liveness.status_code == 200
    assert plain.json() == {"status": "healthy"}
    assert liveness.json()["status"] == "healthy"
    assert liveness.json()["timestamp"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize(
    ("critical", "status", "readiness", "report"),
    [
        (None, 200, "ready", "healthy"),
        (False, 200, "degraded", "degraded"),
        (True, 503, "not_ready", "unhealthy"),
    ],
)
async def test_a_failed_check_decides_by_how_critical_it_is(
    service: Service, critical: bool | None, status: int, readiness: str, report: str
) -> None:
    if critical is not None:
        health.register(service.app, "part", broken, critical=critical)

    answers = [await service.client.get(path) for path in (READINESS, REPORT)]

    bodies = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [status, 200]
    assert [body["status"] for body in bodies] == [readiness, report]
    for body in bodies:
        database = body["checks"]["database"]
        assert (database["status"], database["critical"]) == ("healthy", True)
        assert database["response_time_ms"] >= 0
        failed = {name for name, one in body["checks"].items() if one["status"] == "unhealthy"}
        assert failed == (set() if critical is None else {"part"})
    assert "away" not in answers[0].text + answers[1].text
    assert bodies[1]["environment"] == "test"
    assert bodies[1]["version"] == service.app.version
    assert bodies[1]["uptime_seconds"] >= 0


async def test_a_check_that_hangs_fails_after_its_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No other one may be cut off on a busy machine.
    registry.get(service.app, Health).checks.clear()
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.01)
    health.register(service.app, "slow", asyncio.Event().wait, critical=True)  # type: ignore[arg-type]

    response = await service.client.get(READINESS)

    assert response.status_code == 503
    assert response.json()["checks"]["slow"]["status"] == "unhealthy"


async def test_a_storm_of_probes_runs_the_checks_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0
    monkeypatch.setattr(health, "FRESH_SECONDS", 60)

    async def counted() -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)

    health.register(service.app, "counted", counted, critical=True)
    answers = await asyncio.gather(*(service.client.get(READINESS) for _ in range(50)))
    later = await service.client.get(REPORT)

    assert {answer.status_code for answer in [*answers, later]} == {200}
    assert runs == 1
    monkeypatch.setattr(health, "FRESH_SECONDS", 0)
    await service.client.get(READINESS)
    assert runs == 2


async def test_a_probe_that_leaves_fails_no_other(service: Service) -> None:
    gate = asyncio.Event()

    async def waiting() -> None:
        await gate.wait()

    health.register(service.app, "waiting", waiting, critical=True)
    first = asyncio.create_task(registry.get(service.app, Health).run())
    second = asyncio.create_task(registry.get(service.app, Health).run())
    await asyncio.sleep(0)
    first.cancel()
    gate.set()

    assert {result.status for result in (await second).values()} == {"healthy"}


async def test_a_draining_process_is_not_ready_and_closes_its_connections(
    service: Service,
) -> None:
    registry.get(service.app, Health).is_draining = True

    readiness = await service.client.get(READINESS)
    liveness = await service.client.get(LIVENESS)

    assert readiness.status_code == 503
    assert readiness.json()["status"] == "not_ready"
    assert readiness.headers["Connection"] == "close"
    assert liveness.status_code == 200


async def test_in_production_the_report_is_for_those_who_may_see_it(start: Start) -> None:
    token = "monitoring-" + "x1y2" * 8
    async with start(**PRODUCTION, monitoring_token=token) as service:
        await make_role(service, "operator", "health:read")
        operator = await logged_in(service, roles=("operator",))
        member = await logged_in(service, roles=("member",))
        headers = [
            {},
            {"Authorization": "Bearer wrong"},
            member.header,
            operator.header,
            {"Authorization": f"Bearer {token}"},
        ]

        statuses = [
            (await service.client.get(REPORT, headers=header)).status_code for header in headers
        ]

    assert statuses == [401, 401, 403, 200, 200]
