"""What an endpoint of the federated login may ask for."""

from typing import Annotated

from fastapi import Depends
from fastapi import Request

from app.core.errors import BadRequest
from app.core.errors import NotFound
from app.core.federation import Federation
from app.core.sign_in import Client
from app.core.sign_in import SignIn
from app.schemas.federation import LoginQuery
from app.schemas.federation import ProviderPath
from app.services.authorization import AuthorizationService
from app.services.federation import FederationService
from app.services.provider_tokens import ProviderTokens


async def federation(request: Request) -> Federation:
    port: Federation = request.app.state.federation
    return port


async def federation_service(request: Request) -> FederationService:
    service: FederationService = request.app.state.federated_accounts
    return service


async def provider_tokens(request: Request) -> ProviderTokens:
    tokens: ProviderTokens = request.app.state.provider_tokens
    return tokens


async def enabled_provider(request: Request, provider: ProviderPath) -> str:
    sign_in: SignIn = request.app.state.sign_in
    if provider not in sign_in.ways:
        raise NotFound("provider_not_found", "There is no such provider.")
    return provider


FederationDep = Annotated[Federation, Depends(federation)]
FederationServiceDep = Annotated[FederationService, Depends(federation_service)]
ProviderTokensDep = Annotated[ProviderTokens, Depends(provider_tokens)]
EnabledProvider = Annotated[str, Depends(enabled_provider)]


def started_by(query: LoginQuery, authorization: AuthorizationService) -> Client | str:
    """Raises BadRequest: without the client's challenge anybody could redeem the code."""
    if query.request is not None:
        return query.request
    if query.state is None or query.code_challenge is None:
        raise BadRequest(
            "pkce_required", "Send state and code_challenge, or the request that was issued."
        )
    return authorization.client(query.redirect_uri, query.state, query.code_challenge)
