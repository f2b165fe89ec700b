"""DATABASE_READ_URL: a copy that follows the database, for what endpoints read and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.core import health, lifespan, registry
from app.core.database.sessions import Database
from app.core.database.settings import database_read_url
from app.core.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Reads go to `Database.for_reads`: to the database itself where there is no replica."""
    url = database_read_url(settings)
    if url is None:
        return
    replica = registry.get(app, Database).for_reads = Database(url, settings)
    health.register(app, "replica", replica.ping, critical=False)

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await replica.close()

    lifespan.add(app, closed_at_the_end)
