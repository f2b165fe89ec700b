"""The shipped application, entered through its lifespan and driven over ASGI."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from app.core import logging, registry
from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from tests.support.production import PATIENCE

BASE_URL = "http://service.test"
SECRET_KEY = "vJ3xT9qLw2RzK7mNb5Yc8HdF4sGp6AeU"

type Start = Callable[..., AbstractAsyncContextManager[Service]]


@dataclass(frozen=True)
class Service:
    app: FastAPI
    client: AsyncClient

    @property
    def database(self) -> Database:
        return registry.get(self.app, Database)

    def client_at(self, address: str) -> AsyncClient:
        """A client whose requests come from another address."""
        return AsyncClient(transport=_transport(self.app, address), base_url=BASE_URL)


@asynccontextmanager
async def running(**values: Any) -> AsyncIterator[Service]:
    """A started service; `values` are settings by the names they have in Python."""
    defaults = {"environment": "test", "secret_key": SECRET_KEY} | PATIENCE
    async with entered(create_app(Settings(env_file=None, **(defaults | values)))) as service:
        yield service


@cache
def shared_app(database_url: str) -> FastAPI:
    """Made once: FastAPI works out every route anew for each application."""
    values = {"environment": "test", "secret_key": SECRET_KEY, "log_level": "CRITICAL"}
    settings = Settings(env_file=None, database_url=database_url, **(PATIENCE | values))
    return create_app(settings)


@asynccontextmanager
async def entered(app: FastAPI) -> AsyncIterator[Service]:
    logging.install(app, registry.get(app, Settings))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=_transport(app, "127.0.0.1"), base_url=BASE_URL) as client,
    ):
        yield Service(app, client)


def _transport(app: FastAPI, address: str) -> ASGITransport:
    return ASGITransport(app, client=(address, 50_000))
