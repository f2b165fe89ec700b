"""The breach check: five characters leave the service, and no answer lets a password pass."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from app.core.http.errors import Unprocessable
from app.core.security.password_policy import PasswordPolicy

PASSWORD = "plum otter violin seventy"
DIGEST = hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()


@dataclass
class Ranges:
    """A service of hash ranges on loopback: one body for every range."""

    body: str = ""
    status: str = "200 OK"
    port: int = 0
    paths: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(head.split()[1].decode())
        lines = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\n"
        writer.write(f"{lines}Connection: close\r\n\r\n{self.body}".encode())
        writer.close()

    @property
    def policy(self) -> PasswordPolicy:
        return PasswordPolicy(15, f"http://127.0.0.1:{self.port}/range/")


@asynccontextmanager
async def ranges(body: str, status: str = "200 OK") -> AsyncIterator[Ranges]:
    service = Ranges(body, status)
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    async with server:
        yield service


async def test_a_stolen_password_is_refused_and_stays_here() -> None:
    async with ranges(f"{'0' * 35}:7\r\n{DIGEST[5:]}:3\r\n") as service:
        with pytest.raises(Unprocessable) as caught:
            await service.policy.check(PASSWORD)

    assert caught.value.code == "password_blocked"
    assert service.paths == [f"/range/{DIGEST[:5]}"]


@pytest.mark.parametrize("line", [f"{'0' * 35}:7", f"{DIGEST[5:]}:0", "", "\ufffd:::"])
async def test_another_one_and_padding_pass(line: str) -> None:
    async with ranges(line) as service:
        await service.policy.check(PASSWORD)

    assert len(service.paths) == 1


async def test_no_answer_lets_it_pass(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    async with ranges(f"{DIGEST[5:]}:3", status="500 Oops") as service:
        await service.policy.check(PASSWORD)
    await service.policy.check(PASSWORD)

    assert capsysbinary.readouterr().out.count(b"password.breach_check_failed") == 2


async def test_a_redirect_is_not_followed() -> None:
    async with ranges(f"{DIGEST[5:]}:3", status="302 Found\r\nLocation: /elsewhere") as service:
        await service.policy.check(PASSWORD)

    assert len(service.paths) == 1


async def test_it_is_asked_only_where_a_url_is_set() -> None:
    await PasswordPolicy(15).check(PASSWORD)


async def test_what_is_refused_offline_is_not_asked_for() -> None:
    async with ranges("") as service:
        with pytest.raises(Unprocessable):
            await service.policy.check("passwordpassword")

    assert service.paths == []


async def test_any_text_can_be_looked_up() -> None:
    async with ranges("") as service:
        await service.policy.check("xq7 \ud800" * 5 + "k#")

    assert len(service.paths) == 1
