"""Two instances behind a balancer are replaced one after the other, and no request is lost."""

import asyncio
import signal
from collections import Counter
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.faults.balancer import Balancer
from tests.support.factories import logged_in
from tests.support.server import Server, serving
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

ME = "/api/v1/users/me"
CLIENTS = 20
REQUESTS = 2_000
DRAIN_SECONDS = "2"


def test_no_request_of_two_thousand_is_lost(database_url: str) -> None:
    token = asyncio.run(token_of(database_url))

    with ExitStack() as stack:

        def start() -> Server:
            return stack.enter_context(
                serving(database_url, SECRET_KEY=SECRET_KEY, DRAIN_SECONDS=DRAIN_SECONDS)
            )

        old, new = [start(), start()], [start(), start()]
        statuses = asyncio.run(restarted(old, new, token))
        exits = [server.ended() for server in old]

    assert statuses[200] >= REQUESTS
    assert set(statuses) == {200}
    assert set(exits) <= {0, -signal.SIGTERM, 143}


async def token_of(database_url: str) -> str:
    async with running(database_url=database_url) as service:
        return (await logged_in(service)).access


async def restarted(old: list[Server], new: list[Server], token: str) -> Counter[int]:
    """Statuses of what was asked from before the first instance goes until after the last came."""
    balancer, statuses = Balancer(), Counter[int]()
    balancer.instances = [server.url for server in old]
    is_over = asyncio.Event()
    async with balancer.running():
        for server in old:
            await balancer.until_ready(server.url)
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(ask(balancer.url, token, statuses, is_over))
            for leaving, coming in zip(old, new, strict=True):
                balancer.instances.append(coming.url)
                await balancer.until_ready(coming.url)
                leaving.process.send_signal(signal.SIGTERM)
                await balancer.until_not_ready(leaving.url)
                await asyncio.to_thread(leaving.process.wait)
                balancer.instances.remove(leaving.url)
            is_over.set()
    return statuses


async def ask(url: str, token: str, statuses: Counter[int], is_over: asyncio.Event) -> None:
    """Raises where an answer does not come: that request would be lost."""
    parts = urlsplit(url)
    head = f"GET {ME} HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer {token}\r\n"
    while not is_over.is_set() or statuses.total() < REQUESTS:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        statuses[int(answer.split(maxsplit=2)[1])] += 1
