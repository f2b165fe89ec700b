"""The console command, run in the process of the test."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli

type App = Callable[..., Result]


@pytest.fixture
def app() -> App:
    """Runs `app <words>` in this process, in the directory of the test."""

    def run(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, words, input=stdin)

    return run


@pytest.fixture
def configured(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """DATABASE_URL in the environment names a migrated database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url
