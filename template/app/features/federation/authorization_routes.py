from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request

from app.api.deps import no_store
from app.core.http.rate_limiter import rate_limiter_of
from app.features.federation.authorization import LOCAL
from app.features.federation.authorization_schemas import (
    AuthorizationAnswer,
    AuthorizeRequest,
    Providers,
)
from app.features.federation.deps import AuthorizationDep

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])

ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {},
    HTTPStatus.FORBIDDEN: {},
    HTTPStatus.NOT_FOUND: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}


@router.get("/providers")
async def providers(service: AuthorizationDep) -> Providers:
    """The ways to log in that are switched on."""
    return service.providers()


@router.post("/authorize", responses=ERRORS, response_model_exclude_none=True)
async def authorize(
    body: AuthorizeRequest, service: AuthorizationDep, request: Request
) -> AuthorizationAnswer:
    """Begins a login with PKCE: the address for the browser or, for `local`, the code itself."""
    if body.provider == LOCAL.name:
        await rate_limiter_of(request).password_seen(request)
    return await service.authorize(body, str(request.base_url))
