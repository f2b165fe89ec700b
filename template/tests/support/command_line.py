"""The console command, run in the process of the test, and what it left in the database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app.cli import cli
from app.models.user import User
from tests.support.factories import bearer
from tests.support.service import Service, running

type App = Callable[..., Result]


@pytest.fixture
def app() -> App:
    """Runs `app <words>` in this process, in the directory of the test."""

    def run(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, words, input=stdin)

    return run


@pytest.fixture
def configured(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """DATABASE_URL in the environment names a migrated database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def inside[R](url: str, work: Callable[[Service], Awaitable[R]]) -> R:
    """What the work answers in a service over that database."""

    async def run() -> R:
        async with running(database_url=url) as service:
            return await work(service)

    return asyncio.run(run())


def users(url: str) -> Sequence[User]:
    async def read(service: Service) -> Sequence[User]:
        async with service.database.read() as session:
            return (await session.scalars(select(User).order_by(User.username))).all()

    return inside(url, read)


def me(url: str, token: str) -> tuple[int, list[str]]:
    """Status and roles."""

    async def ask(service: Service) -> tuple[int, list[str]]:
        answer = await service.client.get("/api/v1/users/me", headers=bearer(token))
        return answer.status_code, answer.json().get("roles", [])

    return inside(url, ask)
