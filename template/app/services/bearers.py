"""Who sent a bearer token: the user of a session, or what a part recognises by a prefix."""

from collections.abc import Awaitable, Callable

from app.core.http.errors import Unauthenticated
from app.core.security import Security
from app.core.security.principal import Principal, Principals
from app.core.security.tokens import InvalidTokenError

type Authenticate = Callable[[str], Awaitable[Principal | None]]
"""None for a token that is not valid."""


class BearerAuthenticator:
    def __init__(self, security: Security, principals: Callable[[], Principals]) -> None:
        self._security = security
        self._principals = principals
        self._by_prefix: dict[str, Authenticate] = {}

    def add(self, prefix: str, authenticate: Authenticate) -> None:
        """Tokens that begin with the prefix are authenticated by this function."""
        self._by_prefix[prefix] = authenticate

    async def principal(self, token: str) -> Principal:
        """Raises Unauthenticated unless the token, what it stands for and its user are all live."""
        found = await self._authenticate(token)(token)
        if found is None:
            raise Unauthenticated.invalid_token()
        return found

    def _authenticate(self, token: str) -> Authenticate:
        for prefix, authenticate in self._by_prefix.items():
            if token.startswith(prefix):
                return authenticate
        return self._of_session

    async def _of_session(self, token: str) -> Principal | None:
        try:
            claims = self._security.access_tokens.verify(token)
        except InvalidTokenError:
            return None
        return await self._principals().find(claims.session_id, claims.user_id)
