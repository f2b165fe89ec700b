"""Who sent a bearer token."""

from collections.abc import Callable
from typing import Protocol

from app.core.security import Security
from app.core.security.principal import Principal, Principals
from app.core.security.tokens import InvalidTokenError


class BearerAuthenticator(Protocol):
    async def find(self, token: str) -> Principal | None:
        """None unless the token, what it stands for and its user are all live."""
        ...


class SessionAuthenticator:
    """Knows access tokens. A part that knows other tokens stands before it."""

    def __init__(self, security: Security, principals: Callable[[], Principals]) -> None:
        self._security = security
        self._principals = principals

    async def find(self, token: str) -> Principal | None:
        try:
            claims = self._security.access_tokens.verify(token)
        except InvalidTokenError:
            return None
        return await self._principals().find(claims.session_id, claims.user_id)
