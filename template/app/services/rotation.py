"""A refresh token for the next one, once; a token that comes again ends its family."""

from datetime import datetime
from datetime import timedelta

from app.core import clock
from app.core import instruments
from app.core.database import Database
from app.core.database import WriteSession
from app.core.security import Security
from app.models.session import Session
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.auth import TokenResponse
from app.services import auth_audit
from app.services import refresh_token
from app.services.refresh_token import RefreshToken
from app.services.token_response import token_response


class Rotation:
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
        auth_audit.token_reused(session, row, parsed.generation)
        instruments.auth_event("token_reuse", "failure")
        return None

    def _next_token(self, row: Session, now: datetime) -> str:
        row.generation += 1
        key = self._security.derived_keys(refresh_token.PURPOSE)[0]
        token = refresh_token.issue(key, row.id, row.generation)
        row.token_hash = refresh_token.digest(token)
        row.last_used_at = now
        return token
