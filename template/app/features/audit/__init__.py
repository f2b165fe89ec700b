"""The audit trail: security events as rows, written in the transaction of the change."""

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core import registry
from app.core.database import Database
from app.core.security import events
from app.core.settings import Settings
from app.features.audit import routes
from app.features.audit.trail import AuditSettings, AuditTrail


def install(app: FastAPI, settings: Settings, trail: AuditTrail | None = None) -> None:
    settings.group(AuditSettings)
    database = registry.get(app, Database)
    trail = registry.add(app, AuditTrail, trail or AuditTrail(database))
    events.add_recorder(database, trail)
    app.include_router(routes.router, prefix=PREFIX)
