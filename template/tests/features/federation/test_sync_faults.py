"""A sync of many accounts whose worker is killed in the middle: another one goes on from there."""

import asyncio
import signal
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import clock, registry
from app.features.federation.jobs import SYNC
from app.features.federation.models import FederatedIdentity
from app.features.federation.port import Tokens
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.sync import PAGE
from app.features.jobs import NoPayload
from app.features.jobs.models import JobRow, JobStatus
from app.models.user import User
from tests.features.federation.conftest import NAME, defaults
from tests.features.federation.stub import Server as Provider
from tests.features.federation.sync_probes import Directory
from tests.features.jobs.probes import working
from tests.features.jobs.work import enqueued, row_of
from tests.features.redis.server import RedisServer
from tests.support.server import Server
from tests.support.service import SECRET_KEY, Service, running

pytestmark = pytest.mark.fault

ACCOUNTS = 1000
KILLED_AT = 425
"""In the middle of a page."""
ENDED_SECONDS = 240
MODULE = "tests.features.federation.sync_probes"


async def linked(service: Service, issuer: str) -> None:
    """Every other account needs a new token first."""
    tokens = registry.get(service.app, ProviderTokens)
    async with service.database.write() as session:
        for number in range(ACCOUNTS):
            user = User(email=f"{number}@example.com", username=f"user{number}")
            session.add(user)
            await session.flush()
            identity = FederatedIdentity(
                user_id=user.id, provider=NAME, issuer=issuer, subject=str(number)
            )
            session.add(identity)
            await session.flush()
            ends = clock.now() + timedelta(minutes=1 if number % 2 else 24 * 60)
            given = Tokens(str(number), refresh_token=str(number), expires_at=ends)
            await tokens.keep(session, identity.id, given)


async def interrupted(directory: Directory, service: Service, job_id: UUID) -> int:
    """How many accounts are kept as done when the worker is in the middle of a page."""
    async with asyncio.timeout(ENDED_SECONDS):
        while len(directory.profiles) < KILLED_AT:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    done: int = (await row_of(service, job_id)).progress["done"]
    return done


async def ended(service: Service, job_id: UUID) -> JobRow:
    async with asyncio.timeout(ENDED_SECONDS):
        while (row := await row_of(service, job_id)).status != JobStatus.DONE:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return row


async def addresses(service: Service) -> list[str | None]:
    async with service.database.read() as session:
        statement = select(FederatedIdentity.email).order_by(FederatedIdentity.id)
        return list(await session.scalars(statement))


def test_a_thousand_accounts_are_synced_although_a_worker_is_killed_in_the_middle(
    database_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    provider = Provider()
    provider.stub = directory = Directory(provider.url)
    shared = {name.upper(): value for name, value in defaults(provider.url).items()}
    shared |= {"SECRET_KEY": SECRET_KEY}

    def asking() -> AbstractContextManager[Server]:
        return working(database_url, redis_server.url, tmp_path, MODULE, **shared)

    async def scenario() -> tuple[int, JobRow, list[str | None]]:
        async with running(database_url=database_url, redis_url=redis_server.url) as service:
            await linked(service, provider.url)
            job_id = await enqueued(service, SYNC, NoPayload())
            with asking() as worker:
                done = await interrupted(directory, service, job_id)
                assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
            with asking():
                row = await ended(service, job_id)
            return done, row, await addresses(service)

    try:
        done, row, found = asyncio.run(scenario())
    finally:
        provider.close()

    twice = {int(number) for number, times in directory.profiles.items() if times > 1}
    assert 0 < done < ACCOUNTS
    assert (row.attempts, row.progress["done"]) == (2, ACCOUNTS)
    assert found == [f"new{number}@example.com" for number in range(ACCOUNTS)]
    assert max(directory.profiles.values()) <= 2
    assert twice
    assert len(twice) <= PAGE
    assert {number // PAGE for number in twice} == {min(twice) // PAGE}
    assert {int(number) for number in directory.refreshes} == set(range(1, ACCOUNTS, 2))
