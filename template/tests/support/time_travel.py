"""Moves the service's clock; nothing waits."""

from datetime import datetime, timedelta

import pytest

from app.core import clock


def stand_still(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """From now on the service sees this time of day."""
    monkeypatch.setattr(clock, "now", lambda: at)


def advance(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """From now on the service sees the time of day `by` later."""
    before = clock.now
    monkeypatch.setattr(clock, "now", lambda: before() + by)
