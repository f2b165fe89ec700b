"""What parts tell to whatever measures them, and that nothing needs to listen."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from app.core import instruments
from app.core.instruments import Instruments
from tests.support.factories import login, make_user
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


class Recorded(Instruments):
    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None, int]] = []
        self.running = 0
        self.events: list[tuple[str, ...]] = []
        self.carriers: list[dict[str, str]] = []

    def request_started(self, method: str) -> None:
        self.running += 1

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        assert seconds > 0
        self.running -= 1
        self.requests.append((method, route, status))

    def auth_event(self, event: str, outcome: str = "success") -> None:
        self.events.append((event, outcome))

    def rate_limit_hit(self, limit: str) -> None:
        self.events.append(("limit", limit))

    def cache_request(self, outcome: str) -> None:
        self.events.append(("cache", outcome))

    def job_finished(self, name: str, outcome: str, seconds: float) -> None:
        self.events.append((name, outcome))

    def inject(self, carrier: dict[str, str]) -> None:
        carrier["traceparent"] = "here"

    def continued(self, name: str, carrier: dict[str, str]) -> AbstractContextManager[object]:
        @contextmanager
        def recorded() -> Iterator[None]:
            self.carriers.append(carrier)
            yield
            self.events.append((name, "left"))

        return recorded()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    recorded = Recorded()
    yield recorded
    instruments.install(None, None)  # type: ignore[arg-type]  # neither is read


async def test_every_request_is_told_by_its_template(service: Service, recorded: Recorded) -> None:
    instruments.add(recorded)

    await service.client.get("/health")
    await service.client.get("/nowhere/7")

    assert recorded.requests == [("GET", "/health", 200), ("GET", None, 404)]
    assert recorded.running == 0


async def test_what_accounts_go_through_is_told(start: Start, recorded: Recorded) -> None:
    async with start(login_failures_per_account=1) as service:
        instruments.add(recorded)
        user = await make_user(service)
        tokens = await login(service, user)
        refresh = {"refresh_token": tokens.refresh}
        for _ in range(2):
            await service.client.post("/api/v1/auth/refresh", json=refresh)
        tokens = await login(service, user)
        await service.client.post("/api/v1/auth/logout", headers=tokens.header)
        for _ in range(2):
            body = {"username": "nobody", "password": "wrong"}
            await service.client.post("/api/v1/auth/login", json=body)

    assert recorded.events == [
        ("auth.login.succeeded", "success"),
        ("auth.refresh", "success"),
        ("auth.token.reused", "failure"),
        ("auth.refresh", "failure"),
        ("auth.login.succeeded", "success"),
        ("auth.logout", "success"),
        ("auth.login.failed", "failure"),
        ("auth.lockout", "failure"),  # reached
        ("auth.lockout", "failure"),  # refused
    ]


def test_what_optional_parts_tell_arrives(recorded: Recorded) -> None:
    instruments.add(Instruments())
    instruments.add(recorded)

    instruments.rate_limit_hit("auth")
    instruments.cache_request("miss")
    instruments.job_finished("send_mail", "retry", 0.1)
    with instruments.continued("send_mail", instruments.carrier()):
        assert recorded.carriers == [{"traceparent": "here"}]

    assert recorded.events == [
        ("limit", "auth"),
        ("cache", "miss"),
        ("send_mail", "retry"),
        ("send_mail", "left"),
    ]


def test_nobody_listens_unless_added(service: Service) -> None:
    with instruments.continued("send_mail", {}), instruments.asking("store", "GET"):
        assert instruments.carrier() == {}
