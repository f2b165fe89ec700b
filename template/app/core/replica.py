"""DATABASE_READ_URL: a copy that follows the database, for what endpoints read and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi import Request

from app.core import health
from app.core import lifespan
from app.core.config import Settings
from app.core.database import Database
from app.core.database_settings import database_read_url


def install(app: FastAPI, settings: Settings) -> None:
    """On the application as `app.state.replica`: the database itself where there is no other."""
    url = database_read_url(settings)
    if url is None:
        app.state.replica = app.state.database
        return
    replica = app.state.replica = Database(url, settings)
    health.register(app, "replica", replica.ping, critical=False)

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await replica.close()

    lifespan.add(app, closed_at_the_end)


def replica_of(request: Request) -> Database:
    replica: Database = request.app.state.replica
    return replica
