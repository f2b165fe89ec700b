"""A service that knows the jobs of the tests, and runs them itself."""

from collections.abc import AsyncIterator

import pytest

from app import installed
from app.features import jobs
from tests.features.jobs.probes import DOMAIN
from tests.support.service import Service, Start


@pytest.fixture(autouse=True)
def _polling(_idle: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "DRAIN_POLL_SECONDS", 0.05)


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "DOMAINS", (*installed.DOMAINS, DOMAIN))


@pytest.fixture
async def worked(probed: None, start: Start) -> AsyncIterator[Service]:
    async with start(log_level="CRITICAL") as service:
        yield service
