"""HTTP/1.1 by hand: cheap enough for hundreds of clients, and free to leave when it likes."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

HEADER_END = b"\r\n\r\n"
READ_SECONDS = 30


@dataclass(frozen=True)
class Head:
    url: str
    path: str
    token: str = ""
    method: str = "GET"
    body_bytes: int = 0
    """What Content-Length says."""

    def encoded(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"host: {urlsplit(self.url).netloc}"]
        if self.token:
            lines.append(f"authorization: Bearer {self.token}")
        if self.body_bytes:
            lines += ["content-type: application/json", f"content-length: {self.body_bytes}"]
        return "\r\n".join(lines).encode() + HEADER_END


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, head: Head) -> tuple[int, float]:
        """Status and seconds."""
        started = time.perf_counter()
        self.writer.write(head.encoded())
        async with asyncio.timeout(READ_SECONDS):
            answer = (await self.reader.readuntil(HEADER_END)).lower()
            _, found, rest = answer.partition(b"content-length:")
            if found:
                await self.reader.readexactly(int(rest.partition(b"\r\n")[0]))
        return int(answer.split(maxsplit=2)[1]), time.perf_counter() - started

    def vanish(self) -> None:
        """With a reset, as a crashed client's."""
        self.writer.transport.abort()


async def connect(url: str) -> Connection:
    parts = urlsplit(url)
    return Connection(*await asyncio.open_connection(parts.hostname, parts.port))
