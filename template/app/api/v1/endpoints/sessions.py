from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from app.api.deps import SessionDep, SessionUser, no_store
from app.core.database import database_of
from app.core.security import security_of
from app.repositories.session import live_sessions
from app.schemas.session import SessionResponse
from app.services.sessions import OwnSessions

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])


async def own_sessions(session: SessionDep, actor: SessionUser) -> OwnSessions:
    return OwnSessions(session, actor)


Sessions = Annotated[OwnSessions, Depends(own_sessions)]


@router.get("/sessions")
async def list_sessions(request: Request, user: SessionUser) -> list[SessionResponse]:
    """The newest hundred that a refresh would still prolong."""
    idle = security_of(request).settings.refresh_token_idle
    rows = await live_sessions(database_of(request).for_reads, user.id, idle)
    return [SessionResponse(**row, current=row["id"] == user.session_id) for row in rows]


@router.delete("/sessions/{session_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
async def end_session(session_id: UUID, sessions: Sessions) -> None:
    """Its access and refresh tokens are refused at once."""
    await sessions.end(session_id)


@router.post("/logout-all", status_code=HTTPStatus.NO_CONTENT)
async def logout_all(sessions: Sessions) -> None:
    """Ends every session of the account, this one too."""
    await sessions.end_all()
