"""What a client gets whose login or refresh succeeded."""

from uuid import UUID

from app.core.security import Security
from app.models.user import User
from app.schemas.auth import TokenResponse


def token_response(
    security: Security, user: User, session_id: UUID, refresh_token: str
) -> TokenResponse:
    """`user` comes with its roles."""
    scope = " ".join(sorted({name for role in user.roles for name in role.permissions}))
    access_token, lifetime = security.access_tokens.issue(
        user.id, session_id, roles=[role.name for role in user.roles], scope=scope
    )
    return TokenResponse(
        access_token=access_token,
        expires_in=int(lifetime.total_seconds()),
        refresh_token=refresh_token,
        scope=scope,
        user_id=user.id,
        email=user.email,
        username=user.username,
    )
