"""Mounts the federated login and the services its endpoints ask for."""

from fastapi import FastAPI

from app.api.browser_state import CallbackSettings
from app.api.v1.endpoints import federation as endpoints
from app.api.v1.router import PREFIX
from app.core.config import Settings
from app.services import federation


def install(app: FastAPI, settings: Settings) -> None:
    settings.group(CallbackSettings)
    federation.install(app, settings)
    app.include_router(endpoints.router, prefix=PREFIX)
