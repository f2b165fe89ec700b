"""API keys: long-lived credentials of a user for programs, limited to some of the user's rights."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core import lifespan, registry
from app.core.database import Database
from app.core.settings import Settings
from app.features.api_keys import routes
from app.features.api_keys.authenticator import ApiKeyAuthenticator
from app.features.api_keys.service import PREFIX as KEY_PREFIX
from app.services.bearers import BearerAuthenticator


def install(app: FastAPI, settings: Settings) -> None:
    authenticator = ApiKeyAuthenticator(registry.get(app, Database))
    registry.get(app, BearerAuthenticator).add(KEY_PREFIX, authenticator.principal)
    registry.add(app, ApiKeyAuthenticator, authenticator)

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await authenticator.close()

    lifespan.add(app, closed_at_the_end)
    app.include_router(routes.router, prefix=PREFIX)
