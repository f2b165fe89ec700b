"""Security events, as a part that records them receives them."""

from functools import partial

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
