"""Routes of federated login, and of the one-time codes that every login by redirect ends in."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse

from app.api.deps import OwnSession, ReadSessionDep, RecentUser, SessionsDep, SessionUser, no_store
from app.core import registry
from app.core.http.errors import NotFound
from app.core.http.rate_limiter import RateLimiter
from app.features.federation import browser_state
from app.features.federation.authorization import LOCAL
from app.features.federation.deps import (
    AuthorizationDep,
    EnabledProvider,
    FederationDep,
    FederationServiceDep,
    ProviderTokensDep,
    started_by,
)
from app.features.federation.port import ProviderAnswer
from app.features.federation.repository import FederatedIdentityRepository
from app.features.federation.schemas import (
    AuthorizationAnswer,
    AuthorizeRequest,
    CallbackQuery,
    IdentityResponse,
    LinkRequest,
    LoginQuery,
    LogoutRequest,
    LogoutResponse,
    ProviderPath,
    Providers,
)

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])

REDIRECT: dict[str, Any] = {"response_class": RedirectResponse, "response_model": None}

AUTHORIZE_ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {},
    HTTPStatus.FORBIDDEN: {},
    HTTPStatus.NOT_FOUND: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}


@router.get("/login/{provider}", status_code=HTTPStatus.TEMPORARY_REDIRECT, **REDIRECT)
async def begin_login(
    provider: EnabledProvider,
    query: Annotated[LoginQuery, Query()],
    request: Request,
    flow: FederationDep,
    authorization: AuthorizationDep,
) -> RedirectResponse:
    """For a browser: leads to the provider, and sets the cookie that its return needs."""
    start = started_by(query, authorization)
    departure = await flow.depart(provider, start, browser_state.callback_uri(request, provider))
    response = RedirectResponse(departure.url, HTTPStatus.TEMPORARY_REDIRECT)
    browser_state.remember(request, response, departure)
    return response


@router.get("/callback/{provider}", status_code=HTTPStatus.SEE_OTHER, **REDIRECT)
async def finish_login(
    provider: EnabledProvider,
    query: Annotated[CallbackQuery, Query()],
    request: Request,
    flow: FederationDep,
    service: FederationServiceDep,
) -> RedirectResponse:
    """Where the provider sends the browser back: leads on to the client with a code or an error."""
    answer = ProviderAnswer(query.state, query.code, query.iss, query.error)
    arrival = await flow.arrive(provider, answer, browser_state.carried(request))
    response = RedirectResponse(await service.landing(arrival), HTTPStatus.SEE_OTHER)
    browser_state.forget(request, response, arrival.cookie)
    return response


@router.get("/identities")
async def list_identities(user: SessionUser, session: ReadSessionDep) -> list[IdentityResponse]:
    """The accounts at providers that this account logs in with."""
    linked = await FederatedIdentityRepository(session).of_user(user.id)
    return [IdentityResponse.model_validate(identity) for identity in linked]


@router.post("/identities/{provider}", response_model_exclude_none=True)
async def link_identity(
    user: RecentUser,
    provider: EnabledProvider,
    body: LinkRequest,
    flow: FederationDep,
    authorization: AuthorizationDep,
    request: Request,
) -> AuthorizationAnswer:
    """The identity is linked when the client redeems the code in which the login ends."""
    client = authorization.client(body.redirect_uri, body.state, body.code_challenge)
    handle = await flow.begin(provider, client, link_to=user.id)
    path = f"api/v1/auth/login/{provider}?request={handle}"
    return AuthorizationAnswer(
        authorization_url=f"{request.base_url}{path}",
        state=client.state,
        redirect_uri=client.redirect_uri,
    )


@router.delete("/identities/{provider}", status_code=HTTPStatus.NO_CONTENT)
async def unlink_identity(
    provider: ProviderPath, user: RecentUser, service: FederationServiceDep
) -> None:
    """Refused where it is the last way in."""
    await service.unlink(user.id, provider)


@router.post("/logout/{provider}")
async def logout_at_provider(
    user: SessionUser,
    session_id: OwnSession,
    provider: EnabledProvider,
    body: LogoutRequest,
    flow: FederationDep,
    tokens: ProviderTokensDep,
    authorization: AuthorizationDep,
    sessions: SessionsDep,
) -> LogoutResponse:
    """Ends the session here; the browser then ends the one at the provider, at `logout_url`."""
    parameters = body.parameters(authorization.allowed_redirect_uri)
    id_token = await tokens.id_token(user.id, provider)
    url = await flow.logout_url(provider, id_token, parameters)
    if url is None:
        raise NotFound("logout_not_offered", "The provider ends no sessions.")
    await sessions.end(session_id)
    return LogoutResponse(logout_url=url)


@router.get("/providers")
async def providers(service: AuthorizationDep) -> Providers:
    """The ways to log in that are switched on."""
    return service.providers()


@router.post("/authorize", responses=AUTHORIZE_ERRORS, response_model_exclude_none=True)
async def authorize(
    body: AuthorizeRequest, service: AuthorizationDep, request: Request
) -> AuthorizationAnswer:
    """Begins a login with PKCE: the address for the browser or, for `local`, the code itself."""
    if body.provider == LOCAL.name:
        await registry.get(request, RateLimiter).password_seen(request)
    return await service.authorize(body, str(request.base_url))
