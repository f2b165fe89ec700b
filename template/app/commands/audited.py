"""A database for commands whose changes are recorded in the audit trail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core import security
from app.core.config import Settings
from app.core.database import Database
from app.core.database_settings import database_url
from app.services import audit
from app.services.audit import AuditTrail
from app.services.audit_chain import seal_all
from app.services.audit_keys import AuditKeys


@asynccontextmanager
async def audited_database(settings: Settings) -> AsyncIterator[Database]:
    """What was recorded is sealed at the end."""
    database = Database(database_url(settings), settings)
    keys = audit_keys(settings)
    audit.attach(database, AuditTrail(keys))
    try:
        yield database
        await seal_all(database, keys)
    finally:
        await database.close()


def audit_keys(settings: Settings) -> AuditKeys:
    return AuditKeys(security.from_settings(settings).derived_keys)
