"""The application for a command that changes what the service keeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.core import registry
from app.core.database import Database
from app.core.security import events
from app.core.settings import Settings
from app.main import create_app


@asynccontextmanager
async def opened_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """With every part that records changes. Raises ConfigurationError as the service does."""
    app = create_app(settings)
    database = registry.get(app, Database)
    try:
        yield app
        for recorder in events.recorders(database):
            await recorder.settle()
    finally:
        await database.close()
