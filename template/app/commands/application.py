"""The application and the database of a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.core import registry
from app.core.database import Database
from app.core.database.settings import database_url
from app.core.security import SecuritySettings, events
from app.core.settings import Settings
from app.main import assembled


@asynccontextmanager
async def opened_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """Raises ConfigurationError where production lacks its SECRET_KEY.

    Other settings that only a running service needs may be missing.
    """
    app = assembled(settings)
    settings.check_group(SecuritySettings)
    try:
        yield app
    finally:
        await registry.get(app, Database).close()


@asynccontextmanager
async def recording_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """For a command that changes accounts: its security events are complete at the end."""
    async with opened_app(settings) as app:
        yield app
        for recorder in events.recorders(registry.get(app, Database)):
            await recorder.settle()


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[Database]:
    """For a command that makes no security event."""
    database = Database(database_url(settings), settings)
    try:
        yield database
    finally:
        await database.close()
