"""Security events, as a part that records them receives them."""

from collections.abc import Iterator
from functools import partial

import pytest

from app.core.database import WriteSession
from app.core.security import events
from app.core.security.events import SecurityEvent
from tests.support.service import Service


class Recorder:
    def __init__(self) -> None:
        self.events: list[SecurityEvent] = []

    def record(self, session: WriteSession, event: SecurityEvent) -> None:
        session.after_commit(partial(self._keep, event))

    async def settle(self) -> None: ...

    async def _keep(self, event: SecurityEvent) -> None:
        self.events.append(event)


def recorded(service: Service) -> list[SecurityEvent]:
    """Grows with each committed event. For a service that only this test uses."""
    recorder = Recorder()
    events.add_recorder(service.database, recorder)
    return recorder.events


@pytest.fixture
def security_events(service: Service) -> Iterator[list[SecurityEvent]]:
    """The same for a service that other tests use too."""
    yield recorded(service)
    events.recorders(service.database).pop()


def actions(security_events: list[SecurityEvent]) -> list[str]:
    return [event.action for event in security_events]
