"""Nothing polls the database while a test counts what it is asked; what is enqueued still runs."""

import pytest

from app.features import jobs


@pytest.fixture(autouse=True)
def _idle(_isolated: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "DRAIN_POLL_SECONDS", None)
