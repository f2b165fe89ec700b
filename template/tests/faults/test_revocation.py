"""Two served processes on one database: what one ends, the other refuses within a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx2
import pytest

from app.models.user import User
from tests.support.factories import bearer, logged_in, make_role, make_user, signed_in
from tests.support.server import Server, serving
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

ME = "/api/v1/users/me"
USERS = "/api/v1/users"
MAX_SECONDS = 1.0


@contextmanager
def two_servers(database_url: str, *, grace: str = "0") -> Iterator[list[Server]]:
    settings = {"SECRET_KEY": SECRET_KEY, "REFRESH_REUSE_GRACE_SECONDS": grace}
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving(database_url, port="0", preexec=None, **settings))
            for _ in range(2)
        ]


@dataclass(frozen=True)
class Pair:
    """Clients of the instance that makes a change and of the one that must see it."""

    writer: httpx2.AsyncClient
    reader: httpx2.AsyncClient
    admin: dict[str, str]
    user: User
    access: str
    refresh: str

    async def seconds_until(self, status: int, path: str) -> float:
        started = time.monotonic()
        async with asyncio.timeout(10):
            while True:
                if await self._status(path) == status:
                    return time.monotonic() - started
                await asyncio.sleep(0.02)

    async def _status(self, path: str) -> int:
        return (await self.reader.get(path, headers=bearer(self.access))).status_code


@asynccontextmanager
async def pair(servers: list[Server], database_url: str, *permissions: str) -> AsyncIterator[Pair]:
    async with running(database_url=database_url, log_level="CRITICAL") as service:
        if permissions:
            await make_role(service, "reader", *permissions)
        admin = await logged_in(service, is_superuser=True)
        user = await make_user(service, roles=("reader",) if permissions else ())
        tokens = await signed_in(service, user)
    async with (
        httpx2.AsyncClient(base_url=servers[0].url, timeout=20) as writer,
        httpx2.AsyncClient(base_url=servers[1].url, timeout=20) as reader,
    ):
        yield Pair(writer, reader, admin.header, user, tokens.access, tokens.refresh)


async def logs_out(pair: Pair) -> httpx2.Response:
    return await pair.writer.post("/api/v1/auth/logout", headers=bearer(pair.access))


async def logs_out_everywhere(pair: Pair) -> httpx2.Response:
    return await pair.writer.post("/api/v1/auth/logout-all", headers=bearer(pair.access))


async def revokes(pair: Pair) -> httpx2.Response:
    return await pair.writer.post("/api/v1/auth/revoke", data={"token": pair.refresh})


async def reuses(pair: Pair) -> httpx2.Response:
    body = {"refresh_token": pair.refresh}
    await pair.writer.post("/api/v1/auth/refresh", json=body)
    await pair.writer.post("/api/v1/auth/refresh", json=body)
    return await pair.writer.get("/health")


async def is_disabled(pair: Pair) -> httpx2.Response:
    return await pair.writer.post(f"{USERS}/{pair.user.id}/deactivate", headers=pair.admin)


async def is_deleted(pair: Pair) -> httpx2.Response:
    return await pair.writer.delete(f"{USERS}/{pair.user.id}", headers=pair.admin)


async def is_logged_out(pair: Pair) -> httpx2.Response:
    return await pair.writer.post(f"{USERS}/{pair.user.id}/logout-all", headers=pair.admin)


ENDS: list[Callable[[Pair], Awaitable[httpx2.Response]]] = [
    logs_out,
    logs_out_everywhere,
    revokes,
    reuses,
    is_disabled,
    is_deleted,
    is_logged_out,
]


async def test_what_one_process_ends_the_other_refuses_within_a_second(database_url: str) -> None:
    seconds: dict[str, float] = {}
    with two_servers(database_url) as servers:
        for end in ENDS:
            async with pair(servers, database_url) as clients:
                await clients.seconds_until(200, ME)
                response = await end(clients)
                seconds[end.__name__] = await clients.seconds_until(401, ME)
                assert response.is_success, response.text

    assert {name: took for name, took in seconds.items() if took > MAX_SECONDS} == {}


async def test_a_role_that_is_taken_away_is_gone_within_a_second(database_url: str) -> None:
    with two_servers(database_url) as servers:
        async with pair(servers, database_url, "users:read") as clients:
            await clients.seconds_until(200, USERS)
            path = f"{USERS}/{clients.user.id}/roles"
            response = await clients.writer.put(path, json={"roles": []}, headers=clients.admin)
            seconds = await clients.seconds_until(403, USERS)

    assert response.is_success, response.text
    assert seconds <= MAX_SECONDS


@pytest.mark.parametrize(("grace", "answered"), [("0", 1), ("5", 20)])
async def test_20_refreshes_at_two_processes_give_one_lineage(
    database_url: str, grace: str, answered: int
) -> None:
    with two_servers(database_url, grace=grace) as servers:
        async with pair(servers, database_url) as clients:
            body = {"refresh_token": clients.refresh}
            answers = await asyncio.gather(
                *(
                    client.post("/api/v1/auth/refresh", json=body)
                    for client in (clients.writer, clients.reader) * 10
                )
            )

    successors = [one.json()["refresh_token"] for one in answers if one.status_code == 200]
    assert {one.status_code for one in answers} <= {200, 400}
    assert (len(successors), len(set(successors))) == (answered, 1)
