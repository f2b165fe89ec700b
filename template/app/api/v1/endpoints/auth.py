from http import HTTPStatus
from typing import Annotated
from typing import Any

from fastapi import APIRouter
from fastapi import Depends
from fastapi import Form
from pydantic import Field
from pydantic import SecretStr

from app.api import token_form
from app.api.deps import AuthDep
from app.api.deps import AuthorizationDep
from app.api.deps import OwnSession
from app.api.deps import no_store
from app.schemas.auth import MAX_TOKEN_LENGTH
from app.schemas.auth import CodeGrant
from app.schemas.auth import LoginRequest
from app.schemas.auth import PasswordGrant
from app.schemas.auth import RefreshRequest
from app.schemas.auth import TokenResponse

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])

GrantDep = Annotated[token_form.TokenGrant, Depends(token_form.token_grant)]
LOGIN_ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {},
    HTTPStatus.FORBIDDEN: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}
GRANT_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.TOO_MANY_REQUESTS: {}}
TokenField = Annotated[
    SecretStr, Field(max_length=MAX_TOKEN_LENGTH, examples=["an access or refresh token"]), Form()
]
TokenHint = Annotated[str | None, Field(max_length=64, examples=["refresh_token"]), Form()]


@router.post("/login", responses=LOGIN_ERRORS)
async def login(body: LoginRequest, auth: AuthDep) -> TokenResponse:
    """Takes an address or a username. With a second factor the answer is 403 and a challenge."""
    return await auth.login(body.identifier, body.password.get_secret_value())


@router.post("/token", openapi_extra=token_form.OPENAPI, responses=GRANT_ERRORS)
async def token(grant: GrantDep, auth: AuthDep, authorization: AuthorizationDep) -> TokenResponse:
    """RFC 6749: `password`, `refresh_token` or `authorization_code`, as a form or as JSON."""
    if isinstance(grant, CodeGrant):
        return await authorization.redeem(grant)
    if isinstance(grant, PasswordGrant):
        password = grant.password.get_secret_value()
        return await auth.password_grant(grant.username, password)
    return await auth.refresh(grant.refresh_token.get_secret_value())


@router.post("/refresh")
async def refresh(body: RefreshRequest, auth: AuthDep) -> TokenResponse:
    """The token is used up: the answer has its successor. Used again later, it ends its session."""
    return await auth.refresh(body.refresh_token.get_secret_value())


@router.post("/revoke", status_code=HTTPStatus.OK)
async def revoke(token: TokenField, auth: AuthDep, token_type_hint: TokenHint = None) -> None:
    """RFC 7009: the answer is the same whatever the token was; the hint is not needed."""
    await auth.revoke(token.get_secret_value())


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
async def logout(session_id: OwnSession, auth: AuthDep) -> None:
    """The session's access and refresh tokens are refused at once."""
    await auth.end_session(session_id)
