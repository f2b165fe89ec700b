"""The audit trail: security events as rows, written in the change's transaction and chained."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core import lifespan, registry
from app.core.database import Database
from app.core.security import Security, events
from app.core.settings import Settings
from app.features.audit import routes
from app.features.audit.keys import AuditKeys
from app.features.audit.sealer import Sealer
from app.features.audit.trail import AuditTrail
from app.features.audit.verification import AuditSettings


def install(app: FastAPI, settings: Settings) -> None:
    settings.group(AuditSettings)
    database = registry.get(app, Database)
    keys = registry.add(app, AuditKeys, AuditKeys(registry.get(app, Security).derived_keys))
    trail = AuditTrail(database, keys)
    events.add_recorder(database, trail)

    @asynccontextmanager
    async def at_work() -> AsyncIterator[None]:
        sealer = Sealer(database, keys)
        trail.committed = sealer.wake
        task = asyncio.create_task(sealer.run())
        try:
            yield
        finally:
            trail.committed = None
            async with sealer.at_rest:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    lifespan.add(app, at_work)
    app.include_router(routes.router, prefix=PREFIX)
