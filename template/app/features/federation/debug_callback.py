"""A loopback address for one browser: it is sent to the provider, and brings an answer back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlsplit

HOST = "127.0.0.1"
MAX_LINE_BYTES = 65_536
REQUEST_SECONDS = 5
URL_CHARACTERS = ":/%#?=@[]!$&'()*+,;"
LANDED = "The login is back. Read on in the terminal.\n"


class PortTakenError(Exception):
    """Another process listens there."""


class Callback:
    """`/` leads away to `destination`; the first answer at `path` is the one that counts."""

    def __init__(self, path: str) -> None:
        self.destination = ""
        self._path = path
        self._answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def answer(self, timeout_seconds: int) -> dict[str, str]:
        """The parameters of the way back. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            return await self._answer

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[int]:
        """The port, which the system chooses for 0. Raises PortTakenError."""
        try:
            server = await asyncio.start_server(self._serve, HOST, port, limit=MAX_LINE_BYTES)
        except OSError:
            raise PortTakenError(f"{HOST}:{port} is taken, choose another with --port") from None
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Closes the connection without an answer if the request is not HTTP."""
        with suppress(TimeoutError, ValueError, OSError):
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
                while (await reader.readline()).strip():
                    continue
                writer.write(self._reply(line.decode("latin-1").split()))
                await writer.drain()
        writer.close()

    def _reply(self, request: list[str]) -> bytes:
        target = urlsplit(request[1]) if len(request) == 3 and request[0] == "GET" else urlsplit("")
        if target.path == "/" and self.destination:
            location = quote(self.destination, URL_CHARACTERS)
            return _response(HTTPStatus.FOUND, "", f"Location: {location}\r\n")
        if target.path != self._path:
            return _response(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        if not self._answer.done():
            self._answer.set_result(dict(parse_qsl(target.query)))
        return _response(HTTPStatus.OK, LANDED)


def _response(status: HTTPStatus, text: str, more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n{more}"
        "Content-Type: text/plain\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
        f"Content-Length: {len(text)}\r\n\r\n"
    )
    return f"{head}{text}".encode()
