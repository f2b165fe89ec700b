"""Authorization codes among the kinds of tokens."""

from httpx2 import Response

from app.core import registry
from app.features.federation.authorization import AuthorizationService
from app.features.federation.login_methods import Client
from app.models.user import User
from tests.features.federation.pkce import PkceClient
from tests.support.service import Service
from tests.support.token_kinds import Kind

PKCE = PkceClient()


async def authorization_code(service: Service, user: User) -> str:
    authorization = registry.get(service.app, AuthorizationService)
    client = Client(PKCE.redirect_uri, PKCE.state, PKCE.challenge)
    return await authorization.issue(user.id, client)


async def as_code_grant(service: Service, token: str) -> Response:
    return await service.client.post("/api/v1/auth/token", data=PKCE.grant(token))


KINDS = {"authorization code": Kind(authorization_code, frozenset({"code grant"}))}
PLACES = {"code grant": as_code_grant}
