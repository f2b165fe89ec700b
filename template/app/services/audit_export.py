"""What leaves the audit trail is itself recorded."""

from collections.abc import AsyncIterator

from app.core.database import Database
from app.core.principal import Principal
from app.repositories.audit import export
from app.schemas.audit import AuditFilters
from app.services import audit


async def exported(
    database: Database, filters: AuditFilters, reader: Principal
) -> AsyncIterator[bytes]:
    """The first part is read before this returns: what fails then is answered as an error."""
    parts = export(database, filters)
    first = await anext(parts, b"")
    asked = filters.model_dump(mode="json", by_alias=True, exclude_none=True)
    async with database.write() as session:
        audit.record(session, "audit.exported", actor_id=reader.id, filters=asked)
    return _joined(first, parts)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
