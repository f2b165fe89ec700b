"""Secrets that change while the service runs: files and stores are read again at an interval."""

from fastapi import FastAPI

from app.core.settings import Settings
from app.features.secrets import database, reload


def install(app: FastAPI, settings: Settings) -> None:
    reload.install(app, settings)
    database.install(app, settings)
