"""How fast an authenticated read is, as a share of a bare endpoint measured in the same run.

The client costs less than what it measures: a connection asks again once it is answered.
"""

import asyncio
import time
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from loadtests import bare
from loadtests.people import People

ROUNDS = 5
CONNECTIONS = 16
ME = "/api/v1/users/me"
HEADER_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Ratio:
    service_per_second: float
    bare_per_second: float
    ratio: float
    """The median of the ratios within a round: a slow moment hits both."""


def measure(service_url: str, bare_url: str, people: People, *, count: int) -> Ratio:
    """`count` requests to each in every round."""
    service = [Request(service_url + ME, one.token) for one in people.people]
    yardstick = [Request(bare_url + bare.PATH)]

    def rate(requests: list[Request], count: int) -> float:
        return asyncio.run(per_second(requests, count=count, connections=CONNECTIONS))

    rate(service, count // 4)
    rate(yardstick, count // 4)
    rounds = [(rate(service, count), rate(yardstick, count)) for _ in range(ROUNDS)]
    return Ratio(
        round(median(ours for ours, _ in rounds), 1),
        round(median(theirs for _, theirs in rounds), 1),
        round(median(ours / theirs for ours, theirs in rounds), 3),
    )


@dataclass(frozen=True)
class Request:
    url: str
    token: str = ""

    def encoded(self) -> bytes:
        parts = urlsplit(self.url)
        lines = [f"GET {parts.path} HTTP/1.1", f"host: {parts.netloc}"]
        if self.token:
            lines.append(f"authorization: Bearer {self.token}")
        return "\r\n".join(lines).encode() + HEADER_END


async def per_second(requests: list[Request], *, count: int, connections: int) -> float:
    """The rate of `count` requests; the connections are spread over what is asked for.

    Raises RuntimeError at the first answer that is not 2xx.
    """
    each = count // connections
    started = time.perf_counter()
    await asyncio.gather(
        *(_drive(requests[number % len(requests)], each) for number in range(connections))
    )
    return each * connections / (time.perf_counter() - started)


async def _drive(request: Request, count: int) -> None:
    parts, encoded = urlsplit(request.url), request.encoded()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for _ in range(count):
            writer.write(encoded)
            await _read_answer(reader)
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(HEADER_END)).lower()
    if not head.startswith(b"http/1.1 2"):
        raise RuntimeError(f"answered {head.partition(b'\r\n')[0].decode()}")
    _, found, rest = head.partition(b"content-length:")
    if found:
        await reader.readexactly(int(rest.partition(b"\r\n")[0]))
