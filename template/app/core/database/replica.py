"""DATABASE_READ_URL: a copy that follows the database; only endpoints read from it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI
from pydantic import AfterValidator, Field
from sqlalchemy.engine import make_url

from app.core import health, lifespan, registry
from app.core.database.sessions import Database
from app.core.database.settings import parse_url
from app.core.settings import Settings, SettingsGroup


class ReplicaSettings(SettingsGroup):
    database_read_url: Annotated[str, AfterValidator(parse_url)] | None = Field(None, repr=False)
    """A replica, which may lag behind; ReadSessionDep reads there."""


def install(app: FastAPI, settings: Settings) -> None:
    url = settings.group(ReplicaSettings).database_read_url
    if url is None:
        return
    replica = registry.get(app, Database).for_reads = Database(make_url(url), settings)
    health.register(app, "replica", replica.ping, critical=False)

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await replica.close()

    lifespan.add(app, closed_at_the_end)
