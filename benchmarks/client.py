"""A closed-loop HTTP/1.1 client: a connection sends its next request when the last is answered."""

import asyncio
import time
from dataclasses import dataclass
from statistics import quantiles
from uuid import uuid4

CONNECTIONS = 32
HEADER_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    """`{unique}` in it becomes another word in every request."""

    def encoded(self, port: int) -> bytes:
        body = self.body.replace("{unique}", uuid4().hex).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if body:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        return "\r\n".join(lines).encode() + HEADER_END + body


@dataclass(frozen=True)
class Round:
    requests_per_second: float
    p50_ms: float
    p99_ms: float


async def load(
    port: int,
    *kinds: Request,
    requests: int,
    connections: int = CONNECTIONS,
    pause_seconds: float = 0,
) -> Round:
    """Sends `requests` in total, a kind on each connection, in turn.

    Raises RuntimeError at the first answer that is not 2xx.
    """
    per_connection = requests // connections
    started = time.perf_counter()
    latencies = await asyncio.gather(
        *(
            _drive(port, kinds[number % len(kinds)], per_connection, pause_seconds)
            for number in range(connections)
        )
    )
    elapsed = time.perf_counter() - started
    seconds = [latency for of_one in latencies for latency in of_one]
    percentiles = quantiles(seconds, n=100)
    return Round(len(seconds) / elapsed, percentiles[49] * 1000, percentiles[98] * 1000)


async def _drive(port: int, request: Request, count: int, pause_seconds: float) -> list[float]:
    """Latencies in seconds; the requests are encoded before the clock starts."""
    encoded = [request.encoded(port) for _ in range(count)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies = []
    try:
        for one in encoded:
            sent = time.perf_counter()
            writer.write(one)
            await _read_answer(reader)
            latencies.append(time.perf_counter() - sent)
            if pause_seconds:
                await asyncio.sleep(pause_seconds)
    finally:
        writer.close()
    return latencies


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(HEADER_END)).lower()
    if not head.startswith(b"http/1.1 2"):
        raise RuntimeError(f"answered {head.partition(b'\r\n')[0].decode()}")
    _, found, rest = head.partition(b"content-length:")
    if found:
        await reader.readexactly(int(rest.partition(b"\r\n")[0]))
