"""Login, rotation of refresh tokens, and the end of sessions."""

from datetime import datetime
from datetime import timedelta
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from app.core import clock
from app.core import instruments
from app.core import origin
from app.core.database import Database
from app.core.database import WriteSession
from app.core.errors import Forbidden
from app.core.errors import OAuthError
from app.core.errors import Unauthenticated
from app.core.security import Security
from app.core.tokens import InvalidTokenError
from app.models.session import Session
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.auth import TokenResponse
from app.services import auth_audit
from app.services import refresh_token
from app.services.admission import Admission
from app.services.lockout import Lockout
from app.services.login_challenge import LoginChallenges
from app.services.refresh_token import RefreshToken
from app.services.token_response import token_response

log = structlog.get_logger("app.auth")

REFRESH_PURPOSE = "refresh-token"


class AuthService:
    """Opens the short transactions it needs: none is held while a password is hashed, and what must
    survive an error answer is committed before the error is raised.
    """

    def __init__(
        self,
        database: Database,
        security: Security,
        lockout: Lockout,
        admission: Admission,
        challenges: LoginChallenges,
    ) -> None:
        self._database = database
        self._challenges = challenges
        self._security = security
        self._lockout = lockout
        self._admission = admission

    async def login(self, identifier: str, password: str) -> TokenResponse:
        """Raises TooManyRequests, Unauthenticated or, after a right password only, Forbidden."""
        return await self._start_session(await self.authenticate(identifier, password))

    async def authenticate(self, identifier: str, password: str) -> User:
        """Raises what `login` does; a password hashed with old parameters is stored anew."""
        address = origin.current().ip
        async with self._database.read() as session:
            user = await UserRepository(session).by_identifier(identifier)
        account = str(user.id) if user else identifier.lower()
        has_failed = await self._lockout.check(account, address)
        password_hash = user.password_hash if user else None
        verified, new_hash = await self._security.passwords.verify(password, password_hash)
        if user is None or not verified:
            locked = await self._lockout.failed(account, address)
            log.warning("auth.login.failed", client_ip=address)
            instruments.auth_event("login", "failure")
            await auth_audit.login_refused(self._database, user, "wrong_password", locked=locked)
            raise Unauthenticated("invalid_credentials", "The credentials are not right.")
        await self._admission.check(user)
        if new_hash is not None:
            user.password_hash = new_hash
            async with self._database.write() as session:
                await UserRepository(session).set_password_hash(user.id, new_hash)
        await self._challenges.require(user)
        if has_failed:
            await self._lockout.succeeded(account)
        return user

    async def password_grant(self, username: str, password: str) -> TokenResponse:
        """As `login`, with the errors of RFC 6749: everything but a lockout is `invalid_grant`."""
        try:
            return await self.login(username, password)
        except (Unauthenticated, Forbidden) as error:
            raise OAuthError("invalid_grant", error.detail, code=error.code) from None

    async def start_session(self, user_id: UUID, *, is_new_user: bool = False) -> TokenResponse:
        """For who has proved otherwise to be this user; raises OAuthError for a disabled one."""
        async with self._database.read() as session:
            user = await UserRepository(session).with_roles(user_id)
        if user is None or not user.is_active:
            raise OAuthError("invalid_grant", "The account is disabled.", code="account_disabled")
        return (await self._start_session(user)).model_copy(update={"is_new_user": is_new_user})

    async def refresh(self, token: str) -> TokenResponse:
        """Raises OAuthError `invalid_grant`; a token used twice has then ended its whole family."""
        parsed = refresh_token.parse(self._refresh_keys, token)
        rotated = None
        if parsed is not None:
            async with self._database.write() as session:
                rotated = await self._rotate(session, parsed, token)
        instruments.auth_event("refresh", "success" if rotated else "failure")
        if rotated is None:
            raise OAuthError("invalid_grant", "The refresh token is not valid.")
        return rotated

    async def revoke(self, token: str) -> None:
        """RFC 7009: ends the session of an access or refresh token; unknown tokens are no error."""
        if session_id := self.session_of(token):
            await self.end_session(session_id)

    async def end_session(self, session_id: UUID) -> None:
        async with self._database.write() as session:
            owner = await SessionRepository(session).end(session_id, clock.now())
            auth_audit.session_ended(session, session_id, owner)
        log.info("auth.logout", session_id=str(session_id))
        instruments.auth_event("logout")

    async def code_reused(self, session_id: UUID) -> None:
        """Ends the session that the first use of an authorization code began."""
        async with self._database.write() as session:
            owner = await SessionRepository(session).end(session_id, clock.now())
            auth_audit.code_reused(session, session_id, owner)
        instruments.auth_event("code_reuse", "failure")

    @property
    def _refresh_keys(self) -> list[bytes]:
        return self._security.derived_keys(REFRESH_PURPOSE)

    async def _start_session(self, user: User) -> TokenResponse:
        session_id = uuid7()
        token = refresh_token.issue(self._refresh_keys[0], session_id, 0)
        now, source = clock.now(), origin.current()
        row = {
            "id": session_id,
            "user_id": user.id,
            "token_hash": refresh_token.digest(token),
            "expires_at": now + self._security.settings.refresh_token_ttl,
            "ip": source.ip,
            "user_agent": source.user_agent,
        }
        async with self._database.write() as session:
            await SessionRepository(session).insert(row)
            auth_audit.session_started(session, session_id, user.id)
        log.info("auth.login.succeeded", user_id=str(user.id), client_ip=source.ip)
        instruments.auth_event("login")
        return token_response(self._security, user, session_id, token)

    async def _rotate(
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
            current = refresh_token.again(
                self._refresh_keys, row.id, row.generation, row.token_hash
            )
            return token_response(self._security, user, row.id, current)
        row.ended_at = now
        session.rights_changed(row.user_id)
        auth_audit.token_reused(session, row, parsed.generation)
        instruments.auth_event("token_reuse", "failure")
        return None

    def _next_token(self, row: Session, now: datetime) -> str:
        row.generation += 1
        token = refresh_token.issue(self._refresh_keys[0], row.id, row.generation)
        row.token_hash = refresh_token.digest(token)
        row.last_used_at = now
        return token

    def session_of(self, token: str) -> UUID | None:
        if parsed := refresh_token.parse(self._refresh_keys, token):
            return parsed.session_id
        try:
            return self._security.access_tokens.verify(token).session_id
        except InvalidTokenError:
            return None
