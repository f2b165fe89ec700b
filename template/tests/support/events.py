"""The committed security events of a service, as a part that records them gets them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from app.core.database import Database, WriteSession
from app.core.security import events
from app.core.security.events import SecurityEvent
from tests.support.service import Service


class Recorder:
    def __init__(self) -> None:
        self.events: list[SecurityEvent] = []

    def record(self, session: WriteSession, event: SecurityEvent) -> None:
        session.after_commit(partial(self._keep, event))

    async def _keep(self, event: SecurityEvent) -> None:
        self.events.append(event)

    async def settle(self) -> None: ...


@contextmanager
def recording(database: Database) -> Iterator[list[SecurityEvent]]:
    recorder = Recorder()
    events.add_recorder(database, recorder)
    try:
        yield recorder.events
    finally:
        events.recorders(database).remove(recorder)


@pytest.fixture
def recorded(service: Service) -> Iterator[list[SecurityEvent]]:
    """What the service of the test does from here on."""
    with recording(service.database) as recorded_events:
        yield recorded_events


def actions(recorded_events: list[SecurityEvent]) -> list[str]:
    return [event.action for event in recorded_events]
