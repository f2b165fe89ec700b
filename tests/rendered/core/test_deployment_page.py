"""The payloads that `docs/deployment.md` publishes are the ones that the service produces."""

import json
import re
from typing import Any

import pytest

from app.core import registry
from app.core.health import Health
from tests.support import log
from tests.support.factories import logged_in
from tests.support.production import PRODUCTION
from tests.support.project import ROOT
from tests.support.service import SECRET_KEY, Service, Start

PAGE = (ROOT / "docs" / "deployment.md").read_text()
EXAMPLE = re.compile(
    r"^### ([^\n]+)\n(?:(?!^### ).)*?^```json\n(.*?)^```", re.MULTILINE | re.DOTALL
)
EXAMPLES: dict[str, Any] = {title: json.loads(text) for title, text in EXAMPLE.findall(PAGE)}


async def boom() -> None:
    raise RuntimeError


async def away() -> None:
    raise OSError


def assert_documented(title: str, produced: dict[str, Any]) -> None:
    """Same members of the same kinds; of the checks, those that are documented."""
    assert kinds(EXAMPLES[title], produced) == kinds(produced, EXAMPLES[title])
    for name in ("status", "event", "level", "logger", "code", "title", "detail"):
        assert EXAMPLES[title].get(name) == produced.get(name)


def kinds(value: Any, other: Any) -> Any:
    if not isinstance(value, dict):
        return type(value)
    common = value.keys() & other.keys() if "database" in value else value.keys()
    return {name: kinds(value[name], other.get(name)) for name in common}


async def test_log_lines(start: Start, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    async with start(log_format="json") as service:
        service.app.add_api_route("/boom", boom)
        tokens = await logged_in(service)
        await service.client.get("/api/v1/users/me", headers=tokens.header)
        wrong = {"username": "nobody", "password": "wrong"}
        await service.client.post("/api/v1/auth/login", json=wrong)
        await service.client.get("/boom")

    lines = log.parsed(capsysbinary.readouterr().out)
    assert_documented("A request", log.named(lines, "request.completed")[0])
    assert_documented("A security event", log.named(lines, "auth.login.failed")[0])
    assert_documented("An error with its stack", log.named(lines, "request.failed")[0])


async def test_what_probes_see(own_service: Service) -> None:
    paths = {
        "Start-up": "/health",
        "Liveness": "/api/v1/health/liveness",
        "Readiness": "/api/v1/health/readiness",
        "The report": "/api/v1/health",
    }
    for title, path in paths.items():
        assert_documented(title, (await own_service.client.get(path)).json())


async def test_what_probes_see_without_the_database(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = registry.get(own_service.app, Health).checks
    (database,) = [check for check in checks if check.name == "database"]
    checks.remove(database)
    checks.append(type(database)("database", away, critical=database.critical))

    answer = await own_service.client.get("/api/v1/health/readiness")

    assert answer.status_code == 503
    assert_documented("Readiness without its database", answer.json())


async def test_who_may_not_see_the_report(start: Start) -> None:
    async with start(**PRODUCTION, secret_key=SECRET_KEY) as service:
        answer = await service.client.get("/api/v1/health")

    assert_documented("The report, refused", answer.json())


def test_every_example_is_produced_here_or_where_jobs_are_tested() -> None:
    of_jobs = 3 if (ROOT / "app" / "features" / "jobs").is_dir() else 0

    assert len(EXAMPLES) == PAGE.count("```json") == 9 + of_jobs
