"""API keys: long-lived credentials of a user for programs, limited to some of the user's rights."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.api import openapi
from app.api.deps import bearer
from app.api.v1.router import PREFIX
from app.core import lifespan, registry
from app.core.database import Database
from app.core.settings import Settings
from app.features.api_keys import routes
from app.features.api_keys.authenticator import ApiKeyAuthenticator
from app.services.sessions import BearerAuthenticator


def install(app: FastAPI, settings: Settings) -> None:
    others = registry.get(app, BearerAuthenticator)
    authenticator = ApiKeyAuthenticator(registry.get(app, Database), others)
    registry.add(app, BearerAuthenticator, authenticator)
    registry.add(app, ApiKeyAuthenticator, authenticator)
    openapi.amend(app, document)

    @asynccontextmanager
    async def closed_at_the_end() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await authenticator.close()

    lifespan.add(app, closed_at_the_end)
    app.include_router(routes.router, prefix=PREFIX)


def document(schema: dict[str, Any]) -> None:
    scheme = schema["components"]["securitySchemes"][bearer.scheme_name]
    scheme["description"] = f"{bearer.model.description} An API key is taken too."
