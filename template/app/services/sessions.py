"""Sessions: opened by a login, prolonged by refresh tokens, ended by a logout or by theft.

A refresh token works once and gives its successor; one that comes again ends its whole session.
"""

from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.core import clock, instruments, request_info
from app.core.database import Database, WriteSession
from app.core.http.errors import NotFound, OAuthError, Unauthenticated
from app.core.security import Security, events, refresh_token
from app.core.security.refresh_token import RefreshToken
from app.core.security.tokens import InvalidTokenError
from app.models.session import Session
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.auth import TokenResponse


class Sessions:
    """Opens short transactions; what must survive an error answer is committed before it."""

    def __init__(self, database: Database, security: Security) -> None:
        self._database = database
        self._security = security

    async def open(self, user: User) -> TokenResponse:
        """Raises Unauthenticated where the user was disabled or has another password by now."""
        session_id = uuid7()
        token = refresh_token.issue(self._refresh_keys[0], session_id, 0)
        client = request_info.current()
        row = Session(
            id=session_id,
            user_id=user.id,
            token_hash=refresh_token.digest(token),
            expires_at=clock.now() + self._security.settings.refresh_token_ttl,
            ip=client.ip,
            user_agent=client.user_agent,
        )
        async with self._database.write() as session:
            # Held until the commit: a change of the password waits, or was there before.
            stored = await session.get(User, user.id, with_for_update={"read": True})
            if stored is None or not stored.is_active or stored.password_hash != user.password_hash:
                raise wrong_credentials()
            session.add(row)
            target = f"session:{session_id}"
            events.record(session, "auth.login.succeeded", actor_id=user.id, target=target)
        return self._response(user, session_id, token)

    async def refresh(self, token: str) -> TokenResponse:
        """Raises OAuthError `invalid_grant`; a token used twice has then ended its whole family."""
        parsed = refresh_token.parse(self._refresh_keys, token)
        answer = None
        if parsed is not None:
            async with self._database.write() as session:
                answer = await self._refreshed(session, parsed, token)
        instruments.auth_event("auth.refresh", "success" if answer else "failure")
        if answer is None:
            raise OAuthError("invalid_grant", "The refresh token is not valid.")
        return answer

    async def revoke(self, token: str) -> None:
        """RFC 7009: ends the session of an access or refresh token; unknown tokens are no error."""
        if session_id := self.session_of(token):
            await self.end(session_id)

    async def end(self, session_id: UUID) -> None:
        async with self._database.write() as session:
            owner = await SessionRepository(session).end(session_id, clock.now())
            if owner is not None:
                target = f"session:{session_id}"
                events.record(session, "auth.logout", actor_id=owner, target=target)

    async def end_own(self, owner_id: UUID, session_id: UUID) -> None:
        """Raises NotFound for another user's session as for one that is no more."""
        async with self._database.write() as session:
            sessions = SessionRepository(session)
            if await sessions.end(session_id, clock.now(), owner_id=owner_id) is None:
                raise NotFound("session_not_found", "There is no such session.")
            target = f"session:{session_id}"
            events.record(session, "auth.session.ended", actor_id=owner_id, target=target)

    async def end_all(self, user_id: UUID) -> None:
        async with self._database.write() as session:
            await SessionRepository(session).end_all(user_id, clock.now())
            target = f"user:{user_id}"
            events.record(session, "auth.sessions.ended", actor_id=user_id, target=target)

    def session_of(self, token: str) -> UUID | None:
        """Of an access or refresh token; None for any other text."""
        if parsed := refresh_token.parse(self._refresh_keys, token):
            return parsed.session_id
        try:
            return self._security.access_tokens.verify(token).session_id
        except InvalidTokenError:
            return None

    @property
    def _refresh_keys(self) -> list[bytes]:
        return self._security.derived_keys(refresh_token.PURPOSE)

    async def _refreshed(
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
            return self._response(user, row.id, self._next_token(row, now))
        grace = timedelta(seconds=settings.refresh_reuse_grace_seconds)
        if parsed.generation == row.generation - 1 and now - row.last_used_at < grace:
            keys = self._refresh_keys
            current = refresh_token.again(keys, row.id, row.generation, row.token_hash)
            return self._response(user, row.id, current)
        self._end_family(session, row, parsed.generation)
        return None

    def _next_token(self, row: Session, now: datetime) -> str:
        row.generation += 1
        token = refresh_token.issue(self._refresh_keys[0], row.id, row.generation)
        row.token_hash = refresh_token.digest(token)
        row.last_used_at = now
        return token

    def _end_family(self, session: WriteSession, row: Session, generation: int) -> None:
        row.ended_at = clock.now()
        session.rights_changed(row.user_id)
        events.record(
            session,
            "auth.token.reused",
            actor_id=row.user_id,
            target=f"session:{row.id}",
            outcome="failure",
            generation=generation,
        )

    def _response(self, user: User, session_id: UUID, token: str) -> TokenResponse:
        """`user` comes with its roles."""
        scope = " ".join(sorted({name for role in user.roles for name in role.permissions}))
        access_token, lifetime = self._security.access_tokens.issue(
            user.id, session_id, roles=[role.name for role in user.roles], scope=scope
        )
        return TokenResponse(
            access_token=access_token,
            expires_in=int(lifetime.total_seconds()),
            refresh_token=token,
            scope=scope,
            user_id=user.id,
            email=user.email,
            username=user.username,
        )


def wrong_credentials() -> Unauthenticated:
    return Unauthenticated("invalid_credentials", "The credentials are not right.")
