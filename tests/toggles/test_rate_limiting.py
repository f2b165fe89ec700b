"""`rate_limiting` answers 429 to who asks too often; without it nothing counts requests."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions, merged
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

# What measures may hear of limits, whether there are any or not.
HEARD_OF = {"app/core/instruments.py", "tests/core/test_instruments.py"}
# `rate_limiter` is the hook of the kernel, which limits nothing by itself.
WORD = re.compile(r"rate[_ -]?limit(?!er)|slowapi", re.IGNORECASE)
PACKAGES = {'    "slowapi~=0.1.10",', '    "limits~=5.8",'}
LINES = {
    "pyproject.toml": PACKAGES,
    "app/main.py": {
        "    rate_limit,",
        "    rate_limit.install(app, settings)",
    },
    ".env.example": {
        "# RATE_LIMIT_ENABLED=true",
        "# RATE_LIMIT_DEFAULT=600/minute",
        "# RATE_LIMIT_AUTH=30/5minutes",
        "# RATE_LIMIT_PRINCIPAL=600/minute",
        "# RATE_LIMIT_HEADERS_ENABLED=false",
    },
    "docs/security/asvs.md": {
        "| `rate_limiting` | 2, 6 | requests are limited for each address and user,"
        " beside the lockout after failed logins |"
    },
    "tests/support/extensions.py": {'    "tests.features.rate_limit.unlimited",'},
}
IN_THE_PROCESS = {
    ".env.example": {"# * INSTANCES=1             (rate limits are counted in the process)"},
    "tests/support/production.py": {'    "instances": 1,'},
}
IN_REDIS = {
    "docs/redis.md": {
        "| rate limits | one count for all instances | each process counts for itself |",
    },
    "app/main.py": {
        "from app.features.rate_limit import redis as rate_limit_redis",
        "    rate_limit_redis.install(app)",
    },
}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "0123456789-abcdefghij-ABCDEFGHIJ-klmnopqrst",
    "TRUSTED_HOSTS": "service.example",
    "TRUSTED_PROXIES": "none",
    "PASSWORD_RESET_ENABLED": "false",
}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, rate_limiting=False)


@pytest.fixture(scope="module")
def with_it(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, rate_limiting=True)


@pytest.mark.parametrize("redis", [False, True])
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, redis: bool) -> None:
    answers = {"redis": redis, "deployment": []}
    assert_exactly(
        tmp_path,
        answers | {"rate_limiting": False},
        answers | {"rate_limiting": True},
        gained=merged(LINES, IN_REDIS if redis else IN_THE_PROCESS),
    )


@pytest.mark.parametrize("redis", [False, True])
def test_off_leaves_no_word_of_it(tmp_path: Path, redis: bool) -> None:
    off = render(tmp_path / "off", rate_limiting=False, redis=redis, telemetry=[])

    assert mentions(off, WORD, allowed_in=HEARD_OF) == {}


def test_on_it_refuses_what_is_too_much(with_it: Path) -> None:
    assert _statuses(with_it) == [404, 404, 429]


def test_off_it_refuses_nothing(without: Path) -> None:
    assert _statuses(without) == [404, 404, 404]


def test_production_counts_in_the_process_only_where_there_is_one(
    without: Path, with_it: Path
) -> None:
    check = ("config", "check")

    assert "usable" in _app(without, *check, **PRODUCTION)
    with pytest.raises(CommandError, match="INSTANCES: "):
        _app(with_it, *check, **PRODUCTION)
    assert "usable" in _app(with_it, *check, **PRODUCTION, INSTANCES="1")


def _prepared(factory: pytest.TempPathFactory, *, rate_limiting: bool) -> Path:
    directory = factory.mktemp("limited" if rate_limiting else "unlimited")
    project = render(directory / "service", database="sqlite", rate_limiting=rate_limiting)
    prepare(project)
    return project


def _statuses(project: Path) -> list[int]:
    port = free_port()
    command = f"env RATE_LIMIT_DEFAULT=2/hour .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url:
        return [httpx2.get(f"{url}/nowhere").status_code for _ in range(3)]


def _app(project: Path, *arguments: str, **environment: str) -> str:
    return run(project / ".venv" / "bin" / "app", *arguments, cwd=project, env=environment)
