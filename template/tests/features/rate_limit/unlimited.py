"""Tests send more than a client may: limits are off, except where a test switches them on."""

import pytest


@pytest.fixture(autouse=True)
def _unlimited(_isolated: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_ENABLED", "false")
