"""Mounts the kernel's routes; a part mounts its own."""

from fastapi import FastAPI

from app.api import openapi, token_form
from app.api.v1.endpoints import health
from app.api.v1.router import PREFIX, ROUTERS
from app.core.http.routing import install_slash_variants
from app.core.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    openapi.install(app)
    token_form.install(app)
    health.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    install_slash_variants(app)
