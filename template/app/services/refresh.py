"""A refresh token for the next one, once; a token that comes again ends its family."""

from datetime import datetime, timedelta
from uuid import UUID

from app.core import clock, instruments
from app.core.database import Database, WriteSession
from app.core.security import Security, refresh_token
from app.core.security.refresh_token import RefreshToken
from app.models.session import Session
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.auth import TokenResponse
from app.services import auth_events


class RefreshRotation:
    def __init__(self, database: Database, security: Security) -> None:
        self._database = database
        self._security = security

    async def rotated(self, parsed: RefreshToken, token: str) -> TokenResponse | None:
        """None where the token is worth nothing; one used twice has then ended its family."""
        async with self._database.write() as session:
            return await self._rotated(session, parsed, token)

    async def _rotated(
        self, session: WriteSession, parsed: RefreshToken, token: str
    ) -> TokenResponse | None:
        row = await SessionRepository(session).locked(parsed.session_id)
        now = clock.now()
        settings = self._security.settings
        if row is None or not row.is_live(now, idle=settings.refresh_token_idle):
            return None
        user = await UserRepository(session).with_roles(row.user_id)
        if user is None or not user.is_active:
            return None
        if parsed.generation == row.generation and refresh_token.digest(token) == row.token_hash:
            return token_response(self._security, user, row.id, self._next_token(row, now))
        grace = timedelta(seconds=settings.refresh_reuse_grace_seconds)
        if parsed.generation == row.generation - 1 and now - row.last_used_at < grace:
            keys = self._security.derived_keys(refresh_token.PURPOSE)
            current = refresh_token.again(keys, row.id, row.generation, row.token_hash)
            return token_response(self._security, user, row.id, current)
        row.ended_at = now
        session.rights_changed(row.user_id)
        auth_events.token_reused(session, row, parsed.generation)
        instruments.auth_event("token_reuse", "failure")
        return None

    def _next_token(self, row: Session, now: datetime) -> str:
        row.generation += 1
        key = self._security.derived_keys(refresh_token.PURPOSE)[0]
        token = refresh_token.issue(key, row.id, row.generation)
        row.token_hash = refresh_token.digest(token)
        row.last_used_at = now
        return token


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
