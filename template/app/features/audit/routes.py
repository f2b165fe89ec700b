from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.api.deps import no_store, require
from app.core.database import database_of
from app.core.database.pagination import Page, page_response
from app.core.security.principal import Principal
from app.features.audit.repository import exported, find_entries
from app.features.audit.schemas import AuditEntryResponse, AuditFilters, AuditQuery

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
    entries, total = await find_entries(database_of(request).for_reads, query)
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
