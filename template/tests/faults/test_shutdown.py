"""SIGTERM under load: nothing that was accepted is lost, and probes hear of it first."""

import asyncio
import signal

import httpx2
import pytest

from tests.support.server import Server, serving

pytestmark = pytest.mark.fault

CLIENTS = 40
READINESS = "/api/v1/health/readiness"


class Load:
    """Clients that keep their connection, and leave for another instance when asked to."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.statuses: list[int] = []
        self.loaded = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._client())
            await self.loaded.wait()
            self.server.process.send_signal(signal.SIGTERM)

    async def _client(self) -> None:
        """Raises where an answer does not come: that request would be lost."""
        async with httpx2.AsyncClient(base_url=self.server.url, timeout=20) as client:
            while True:
                response = await client.get("/api/v1/health/liveness")
                self.statuses.append(response.status_code)
                if len(self.statuses) >= 2 * CLIENTS:
                    self.loaded.set()
                if response.headers.get("Connection") == "close":
                    return


def test_no_accepted_request_of_40_clients_is_lost(database_url: str) -> None:
    with serving(database_url, DRAIN_SECONDS="1") as server:
        load = Load(server)
        asyncio.run(load.run())
        status = server.ended()

    completed = [line for line in server.lines() if line["event"] == "request.completed"]
    assert set(load.statuses) == {200}
    assert len(load.statuses) == len(completed) >= 3 * CLIENTS
    assert server.lines()[-1]["event"].startswith("Finished server process")
    assert status in {0, -signal.SIGTERM, 143}


def test_readiness_turns_before_the_socket_closes(database_url: str) -> None:
    with serving(database_url, DRAIN_SECONDS="3") as server:
        with httpx2.Client(base_url=server.url) as client:
            before = client.get(READINESS)
            server.process.send_signal(signal.SIGTERM)
            seen = [client.get(READINESS) for _ in range(200)]
            new_connection = httpx2.get(server.url + "/health")
        status = server.ended()

    turned = seen[-1]
    assert before.status_code == 200
    assert turned.status_code == 503
    assert turned.json()["status"] == "not_ready"
    assert turned.headers["Connection"] == "close"
    assert new_connection.status_code == 200
    assert status in {0, -signal.SIGTERM, 143}


def test_a_second_signal_does_not_wait_for_the_drain(database_url: str) -> None:
    with serving(database_url, DRAIN_SECONDS="30") as server:
        with httpx2.Client(base_url=server.url) as client:
            server.process.send_signal(signal.SIGTERM)
            # Two signals at once would arrive as one.
            while client.get(READINESS).status_code == 200:
                pass
        status = server.stop()

    assert status in {0, -signal.SIGTERM, 143}
