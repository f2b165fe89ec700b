from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import Field, SecretStr

from app.api import token_form
from app.api.deps import (
    AuthDep,
    OwnPasswordDep,
    OwnSession,
    ReauthenticationDep,
    RecentUser,
    SessionsDep,
    SessionUser,
    no_store,
)
from app.api.token_form import TokenGrants
from app.core import registry
from app.core.database import database_of
from app.core.security import security_of
from app.repositories.session import live_sessions
from app.schemas.auth import (
    MAX_TOKEN_LENGTH,
    Grant,
    LoginRequest,
    PasswordChange,
    ReauthenticationRequest,
    RefreshRequest,
    SessionResponse,
    TokenResponse,
)

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])

GrantDep = Annotated[Grant, Depends(token_form.token_grant)]
LOGIN_ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {},
    HTTPStatus.FORBIDDEN: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}
ATTEMPT_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.TOO_MANY_REQUESTS: {}}
CHANGE_ERRORS = {**ATTEMPT_ERRORS, HTTPStatus.PRECONDITION_FAILED: {}}
TokenField = Annotated[
    SecretStr, Field(max_length=MAX_TOKEN_LENGTH, examples=["an access or refresh token"]), Form()
]
TokenHint = Annotated[str | None, Field(max_length=64, examples=["refresh_token"]), Form()]


@router.post("/login", responses=LOGIN_ERRORS)
async def login(body: LoginRequest, auth: AuthDep) -> TokenResponse:
    """Takes an address or a username."""
    return await auth.login(body.identifier, body.password.get_secret_value())


@router.post("/token", responses=ATTEMPT_ERRORS)
async def token(request: Request, grant: GrantDep) -> TokenResponse:
    """RFC 6749: a grant as a form or as JSON."""
    return await registry.get(request, TokenGrants).redeem(grant)


@router.post("/refresh")
async def refresh(body: RefreshRequest, sessions: SessionsDep) -> TokenResponse:
    """The token is used up: the answer has its successor. Used again later, it ends its session."""
    return await sessions.refresh(body.refresh_token.get_secret_value())


@router.post("/revoke", status_code=HTTPStatus.OK)
async def revoke(
    token: TokenField, sessions: SessionsDep, token_type_hint: TokenHint = None
) -> None:
    """RFC 7009: the answer is the same whatever the token was; the hint is not needed."""
    await sessions.revoke(token.get_secret_value())


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
async def logout(session_id: OwnSession, sessions: SessionsDep) -> None:
    """The session's access and refresh tokens are refused at once."""
    await sessions.end(session_id)


@router.post("/logout-all", status_code=HTTPStatus.NO_CONTENT)
async def logout_all(user: SessionUser, sessions: SessionsDep) -> None:
    """Ends every session of the account, this one too."""
    await sessions.end_all(user.id)


@router.get("/sessions")
async def list_sessions(request: Request, user: SessionUser) -> list[SessionResponse]:
    """The newest hundred that a refresh would still prolong."""
    idle = security_of(request).settings.refresh_token_idle
    rows = await live_sessions(database_of(request).for_reads, user.id, idle)
    return [SessionResponse(**row, current=row["id"] == user.session_id) for row in rows]


@router.delete("/sessions/{session_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
async def end_session(session_id: UUID, user: SessionUser, sessions: SessionsDep) -> None:
    """Its access and refresh tokens are refused at once."""
    await sessions.end_own(user.id, session_id)


@router.post("/password/change", status_code=HTTPStatus.NO_CONTENT, responses=CHANGE_ERRORS)
async def change_password(
    body: PasswordChange, user: RecentUser, session_id: OwnSession, passwords: OwnPasswordDep
) -> None:
    """Every other session of the account ends."""
    current, new = body.current_password, body.new_password
    await passwords.change(user.id, session_id, current.get_secret_value(), new.get_secret_value())


@router.post("/reauthenticate", status_code=HTTPStatus.NO_CONTENT, responses=ATTEMPT_ERRORS)
async def reauthenticate(
    body: ReauthenticationRequest,
    user: SessionUser,
    session_id: OwnSession,
    reauthentication: ReauthenticationDep,
) -> None:
    """For an hour the session may then do what needs a recent login."""
    ((method, proof),) = body.model_dump(exclude_unset=True).items()
    await reauthentication.prove(user.id, session_id, method, proof.get_secret_value())
