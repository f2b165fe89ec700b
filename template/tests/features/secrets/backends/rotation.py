"""What holds of every store: it is read at the start, again while the service runs, and its end
changes nothing.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from app.core import registry
from app.core.health import Health
from app.core.settings import Settings
from app.features.secrets import reload
from app.features.secrets.reload import SecretReload
from app.main import create_app
from tests.support.service import SECRET_KEY, entered

READINESS = "/api/v1/health/readiness"
FIRST, SECOND = "monitoring-token-one", "monitoring-token-two"

type Put = Callable[[dict[str, str]], None]


def values(token: str = FIRST) -> dict[str, str]:
    return {"SECRET_KEY": SECRET_KEY, "MONITORING_TOKEN": token}


def read(**settings: Any) -> dict[str, str]:
    return dict(Settings(env_file=None, environment="test", **settings).find())


async def is_followed_and_outlived(
    put: Put, end: Callable[[], None], monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> None:
    """`settings` open the store, `put` fills it, and after `end` it answers no more."""
    monkeypatch.setattr(reload, "SETTLING_SECONDS", 0)
    put(values(FIRST))
    started = Settings(env_file=None, environment="test", secrets_reload_seconds=0.05, **settings)
    async with entered(create_app(started)) as service:
        health = registry.get(service.app, Health)
        assert health.admits(FIRST)
        await asyncio.to_thread(put, values(SECOND))
        async with asyncio.timeout(30):
            while not health.admits(SECOND):
                await a_moment()
        await asyncio.to_thread(end)
        async with asyncio.timeout(30):
            while not registry.get(service.app, SecretReload)._problems:
                await a_moment()
        readiness = await service.client.get(READINESS)

        assert health.admits(SECOND)
        assert readiness.status_code == 200
        assert readiness.json()["status"] == "degraded"


async def a_moment() -> None:
    await asyncio.sleep(0.01)
