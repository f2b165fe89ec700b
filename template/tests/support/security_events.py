"""The security events of a service, without a part that keeps them."""

from dataclasses import dataclass, field

from app.core.database import WriteSession
from app.core.security import events
from app.core.security.events import SecurityEvent
from tests.support.service import Service


@dataclass
class Recorder:
    events: list[SecurityEvent] = field(default_factory=list)

    def record(self, session: WriteSession, event: SecurityEvent) -> None:
        self.events.append(event)

    async def settle(self) -> None: ...


def recorded(service: Service) -> list[SecurityEvent]:
    """What happens from now on; for an application of the test's own."""
    recorder = Recorder()
    events.add_recorder(service.database, recorder)
    return recorder.events
