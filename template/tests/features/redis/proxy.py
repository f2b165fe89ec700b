"""A TCP proxy on loopback: it can be slow, be cut off, or speak TLS for a server that does not."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 65_536
CLOSE_SECONDS = 5


class Proxy:
    """Serves in a thread of its own, so that a test in any loop, or in none, can use it."""

    def __init__(self, target_port: int, tls: ssl.SSLContext | None = None) -> None:
        self.delay_seconds = 0.0
        self.chunks = 0
        """How often the client has sent something."""
        self._target_port = target_port
        self._tls = tls
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def cut(self) -> None:
        """Connections end, and new ones end at once."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._drop)

    def mend(self) -> None:
        self._is_cut = False

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._stopped = asyncio.Event()
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            thread.join()
            self._loop.close()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket, ssl=self._tls)
        await self._stopped.wait()
        server.close()
        self._drop()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(CLOSE_SECONDS):
            await server.wait_closed()
        await asyncio.sleep(0)  # for the ends towards the target

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not self._is_cut:
                await self._joined(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", self._target_port)
            try:
                back = asyncio.create_task(self._piped(there[0], writer))
                await self._piped(reader, there[1], is_client=True)
                back.cancel()
            finally:
                there[1].close()

    async def _piped(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_client: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if is_client:
                    self.chunks += 1
                    await asyncio.sleep(self.delay_seconds)
                writer.write(data)
                await writer.drain()
