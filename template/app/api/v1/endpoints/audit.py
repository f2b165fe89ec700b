from http import HTTPStatus
from typing import Annotated
from typing import Any

from fastapi import APIRouter
from fastapi import Depends
from fastapi import Query
from fastapi import Request
from fastapi import Response
from fastapi.responses import StreamingResponse

from app.api.deps import no_store
from app.api.deps import require
from app.core.database import database_of
from app.core.pagination import Page
from app.core.pagination import page_response
from app.core.principal import Principal
from app.repositories.audit import find_entries
from app.schemas.audit import AuditEntryResponse
from app.schemas.audit import AuditFilters
from app.schemas.audit import AuditQuery
from app.services.audit_export import exported

JSON_LINES = "application/x-ndjson"

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[Depends(no_store)])

Reader = Depends(require("audit:read"))
LINES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "description": "One entry a line, oldest first.",
        "content": {JSON_LINES: {"schema": {"type": "string"}}},
    }
}


@router.get("", dependencies=[Reader], response_model=Page[AuditEntryResponse])
async def list_entries(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
    """Newest first, unless the query says otherwise."""
    entries, total = await find_entries(database_of(request), query)
    return page_response(entries, total, query)


@router.get("/export", responses=LINES, response_class=StreamingResponse)
async def export_entries(
    request: Request,
    filters: Annotated[AuditFilters, Query()],
    reader: Annotated[Principal, Reader],
) -> StreamingResponse:
    """Every entry that the filters leave, as lines of JSON, sent while they are read."""
    lines = await exported(database_of(request), filters, reader)
    return StreamingResponse(lines, media_type=JSON_LINES)
