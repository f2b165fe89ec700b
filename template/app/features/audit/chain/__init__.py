"""A hash chain over the audit trail, which shows that an entry was changed or removed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from app.core import lifespan, registry
from app.core.database import Database
from app.core.security import Security
from app.core.settings import Settings
from app.features import audit
from app.features.audit.chain.keys import AuditKeys
from app.features.audit.chain.sealer import Sealer
from app.features.audit.chain.trail import ChainedTrail


def install(app: FastAPI, settings: Settings) -> None:
    database = registry.get(app, Database)
    keys = registry.add(app, AuditKeys, AuditKeys(registry.get(app, Security).derived_keys))
    trail = ChainedTrail(database, keys)
    audit.install(app, settings, trail)

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
