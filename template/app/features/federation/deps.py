"""What an endpoint of the federated login may ask for."""

from typing import Annotated

from fastapi import Depends, Request

from app.core import registry
from app.core.http.errors import BadRequest, NotFound
from app.features.federation.authorization import AuthorizationService
from app.features.federation.login_methods import Client, LoginMethods
from app.features.federation.port import Federation
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.schemas import LoginQuery, ProviderPath
from app.features.federation.service import FederationService


async def enabled_provider(request: Request, provider: ProviderPath) -> str:
    methods = registry.get(request, LoginMethods)
    if provider not in methods.by_name:
        raise NotFound("provider_not_found", "There is no such provider.")
    return provider


AuthorizationDep = Annotated[AuthorizationService, Depends(registry.provide(AuthorizationService))]
FederationDep = Annotated[Federation, Depends(registry.provide(Federation))]
FederationServiceDep = Annotated[FederationService, Depends(registry.provide(FederationService))]
ProviderTokensDep = Annotated[ProviderTokens, Depends(registry.provide(ProviderTokens))]
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
