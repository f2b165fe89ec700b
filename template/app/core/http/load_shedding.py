"""More load than the process can serve is shed at the door, not queued until it times out."""

from http import HTTPStatus

from fastapi import FastAPI
from pydantic import Field
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.http.errors import problem
from app.core.http.guard import PROBES
from app.core.settings import Settings, SettingsGroup

RETRY_AFTER_SECONDS = 1


class LoadSheddingSettings(SettingsGroup):
    max_concurrent_requests: int = Field(256, ge=1)
    """One more is 503 with Retry-After."""


def install(app: FastAPI, settings: Settings) -> None:
    limit = settings.group(LoadSheddingSettings).max_concurrent_requests
    app.add_middleware(LoadShedding, max_concurrent=limit)


class LoadShedding:
    def __init__(self, app: ASGIApp, *, max_concurrent: int) -> None:
        self.app = app
        self.max_concurrent = max_concurrent
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
        elif self.running >= self.max_concurrent:
            refusal = problem(
                scope,
                HTTPStatus.SERVICE_UNAVAILABLE,
                "overloaded",
                "More requests are running than this process serves; try again.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            await refusal(scope, receive, send)
        else:
            self.running += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.running -= 1
