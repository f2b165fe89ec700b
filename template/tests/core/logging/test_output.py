"""Lines of a served process: complete at its end, and never worth waiting for."""

import os
import threading
import time
from collections.abc import Callable

import httpx2
import structlog

from app.core.logging import output
from tests.support import log
from tests.support.server import serving
from tests.support.service import Start

LINES = 1000
QUEUED = 100
PADDING = "x" * 1024
"""A pipe holds 64 KiB: fewer lines than are written before anybody reads."""


def test_a_server_writes_every_line_before_it_ends(database_url: str) -> None:
    with serving(database_url) as server:
        for _ in range(20):
            httpx2.get(f"{server.url}/health")
        server.stop()

    assert len(log.named(server.lines(), "request.completed")) == 20


async def test_a_reader_that_stops_delays_nobody_and_is_told_what_it_missed(start: Start) -> None:
    reading, writing = os.pipe()
    received: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(reading, received))
    async with start(log_format="json"):
        with output.queued(writing, QUEUED):
            for _ in range(LINES):
                structlog.get_logger("app.test").info("tested", padding=PADDING)
            reader.start()
            wait_until(lambda: accounted_for(received) == LINES)
        os.close(writing)
    reader.join()

    lines = log.parsed(b"".join(received))
    assert QUEUED <= len(log.named(lines, "tested")) < LINES
    assert log.named(lines, "log.lines_dropped")


def accounted_for(received: list[bytes]) -> int:
    """Lines that arrived, and those that are said to be missing."""
    whole, _, _ = b"".join(received).rpartition(b"\n")
    return sum(line.get("count", 1) for line in log.parsed(whole))


def read_all(descriptor: int, received: list[bytes]) -> None:
    while data := os.read(descriptor, 65_536):
        received.append(data)
    os.close(descriptor)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_a_reader_that_has_gone_holds_up_no_end(start: Start) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    async with start(log_format="json"):
        with output.queued(writing, QUEUED):
            structlog.get_logger("app.test").info("tested")
            ending = time.monotonic()
    os.close(writing)

    assert time.monotonic() - ending < output.CLOSE_SECONDS
