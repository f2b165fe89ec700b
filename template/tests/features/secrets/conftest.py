"""A service whose secrets are mounted files."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.features.secrets import reload
from app.main import create_app
from tests.support.secret_files import SecretFiles
from tests.support.service import SECRET_KEY, Service, entered

TOKEN = "monitoring-token-one"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecretFiles:
    monkeypatch.setattr(reload, "SETTLING_SECONDS", 0)
    files = SecretFiles(tmp_path / "secrets")
    files.put(secret_key=SECRET_KEY, monitoring_token=TOKEN)
    return files


@asynccontextmanager
async def mounted(url: str, files: SecretFiles, **values: object) -> AsyncIterator[Service]:
    defaults = {
        "environment": "test",
        "database_url": url,
        "secrets_dir": files.directory,
        "secrets_reload_seconds": 0.01,
        "log_format": "json",
    }
    async with entered(create_app(Settings(env_file=None, **(defaults | values)))) as service:
        yield service


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await a_moment()


async def a_moment() -> None:
    await asyncio.sleep(0.01)
