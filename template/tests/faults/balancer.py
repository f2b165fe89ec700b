"""A load balancer on loopback: it forwards to instances that say they are ready.

Like the usual ones it retries elsewhere what was never sent, and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from urllib.parse import urlsplit

import httpx2

READINESS = "/api/v1/health/readiness"
PROBE_SECONDS = 0.1


class Balancer:
    def __init__(self) -> None:
        self.instances: list[str] = []
        self.ready: list[str] = []
        self.url = ""
        self._turn = count()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"
        probing = asyncio.create_task(self._probe())
        try:
            yield
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
            server.close()
            await server.wait_closed()

    async def until_ready(self, url: str) -> None:
        while url not in self.ready:  # noqa: ASYNC110 - the probe comes by itself
            await asyncio.sleep(PROBE_SECONDS)

    async def until_not_ready(self, url: str) -> None:
        while url in self.ready:  # noqa: ASYNC110 - the probe comes by itself
            await asyncio.sleep(PROBE_SECONDS)

    async def _probe(self) -> None:
        async with httpx2.AsyncClient(timeout=2) as client:
            while True:
                self.ready = [url for url in self.instances if await _is_ready(client, url)]
                await asyncio.sleep(PROBE_SECONDS)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection: its head and no body, as the clients of the test send it."""
        with suppress(ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            upstream_reader, upstream = await self._open()
            upstream.write(head)
            while data := await upstream_reader.read(65_536):
                writer.write(data)
            upstream.close()
        writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Of the next instance that is ready and takes the connection."""
        while True:
            ready = self.ready
            for _ in ready:
                parts = urlsplit(ready[next(self._turn) % len(ready)])
                with suppress(OSError):
                    return await asyncio.open_connection(parts.hostname, parts.port)
            await asyncio.sleep(PROBE_SECONDS)


async def _is_ready(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url + READINESS)).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False
