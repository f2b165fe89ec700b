"""Logins, and the end of sessions."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from app.core import clock, instruments, request_info
from app.core.database import Database
from app.core.http.errors import Forbidden, OAuthError, Unauthenticated
from app.core.security import Security, refresh_token
from app.core.security.passwords import fingerprint
from app.core.security.tokens import InvalidTokenError
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.auth import TokenResponse
from app.services import auth_events
from app.services.lockout import Lockout
from app.services.refresh import RefreshRotation, token_response

log = structlog.get_logger("app.auth")

type LoginCheck = Callable[[User], Awaitable[None]]


class AuthService:
    """Opens the short transactions it needs: none is held while a password is hashed, and what must
    survive an error answer is committed before the error is raised.
    """

    def __init__(
        self,
        database: Database,
        security: Security,
        lockout: Lockout,
    ) -> None:
        self._database = database
        self._security = security
        self._lockout = lockout
        self.checks: list[LoginCheck] = [self._require_active]
        """Run in order after a right password; each raises what refuses the login."""
        self._rotation = RefreshRotation(database, security)

    async def login(self, identifier: str, password: str) -> TokenResponse:
        """Raises TooManyRequests, Unauthenticated or, after a right password only, Forbidden."""
        return await self.open_session(await self.authenticate(identifier, password))

    async def authenticate(self, identifier: str, password: str) -> User:
        """Raises what `login` does; a password hashed with old parameters is stored anew."""
        address = request_info.current().ip
        async with self._database.read() as session:
            user = await UserRepository(session).by_identifier(identifier)
        account = str(user.id) if user else identifier.lower()
        password_hash = user.password_hash if user else None
        async with self._lockout.attempt(account, address, "password") as attempt:
            verified, new_hash = await self._security.passwords.verify(password, password_hash)
            locked = not verified and await attempt.failed()
        if user is None or not verified:
            log.warning("auth.login.failed", client_ip=address)
            instruments.auth_event("login", "failure")
            await auth_events.login_refused(self._database, user, "wrong_password", locked=locked)
            raise _wrong_credentials()
        if new_hash is not None and not await self._rehashed(user, new_hash):
            return await self.authenticate(identifier, password)
        for check in self.checks:
            await check(user)
        if attempt.has_failed:
            await self._lockout.succeeded(account)
        return user

    async def password_grant(self, username: str, password: str) -> TokenResponse:
        """As `login`, with the errors of RFC 6749: everything but a lockout is `invalid_grant`."""
        try:
            return await self.login(username, password)
        except (Unauthenticated, Forbidden) as error:
            raise OAuthError("invalid_grant", error.detail, code=error.code) from None

    async def start_session(
        self, user_id: UUID, *, password: str | None = None, is_new_user: bool = False
    ) -> TokenResponse:
        """For who has proved otherwise to be this user; `password` is the fingerprint of the one
        that was the proof.

        Raises OAuthError for a disabled account, and where the password was changed since.
        """
        async with self._database.read() as session:
            user = await UserRepository(session).with_roles(user_id)
        if user is None or not user.is_active:
            raise OAuthError("invalid_grant", "The account is disabled.", code="account_disabled")
        if password is not None and password != fingerprint(user.password_hash):
            raise OAuthError("invalid_grant", "The password was changed since.")
        try:
            answer = await self.open_session(user)
        except Unauthenticated as error:
            raise OAuthError("invalid_grant", error.detail, code=error.code) from None
        return answer.model_copy(update={"is_new_user": is_new_user})

    async def refresh(self, token: str) -> TokenResponse:
        """Raises OAuthError `invalid_grant`; a token used twice has then ended its whole family."""
        parsed = refresh_token.parse(self._refresh_keys, token)
        rotated = await self._rotation.rotated(parsed, token) if parsed else None
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
            auth_events.session_ended(session, session_id, owner)
        log.info("auth.logout", session_id=str(session_id))
        instruments.auth_event("logout")

    async def code_reused(self, session_id: UUID) -> None:
        """Ends the session that the first use of an authorization code began."""
        async with self._database.write() as session:
            owner = await SessionRepository(session).end(session_id, clock.now())
            auth_events.code_reused(session, session_id, owner)
        instruments.auth_event("code_reuse", "failure")

    @property
    def _refresh_keys(self) -> list[bytes]:
        return self._security.derived_keys(refresh_token.PURPOSE)

    async def open_session(self, user: User) -> TokenResponse:
        """Raises Unauthenticated where the user was disabled or has another password by now."""
        session_id = uuid7()
        token = refresh_token.issue(self._refresh_keys[0], session_id, 0)
        now, source = clock.now(), request_info.current()
        row = {
            "id": session_id,
            "user_id": user.id,
            "token_hash": refresh_token.digest(token),
            "expires_at": now + self._security.settings.refresh_token_ttl,
            "ip": source.ip,
            "user_agent": source.user_agent,
        }
        async with self._database.write() as session:
            if not await SessionRepository(session).insert(row, user.password_hash):
                raise _wrong_credentials()
            auth_events.session_started(session, session_id, user.id)
        log.info("auth.login.succeeded", user_id=str(user.id), client_ip=source.ip)
        instruments.auth_event("login")
        return token_response(self._security, user, session_id, token)

    async def _require_active(self, user: User) -> None:
        if not user.is_active:
            await auth_events.login_refused(self._database, user, "account_disabled")
            raise Forbidden("account_disabled", "The account is disabled.")

    async def _rehashed(self, user: User, new_hash: str) -> bool:
        """False where another login did it first, or the password was changed."""
        async with self._database.write() as session:
            seen = user.password_hash
            is_stored = await UserRepository(session).rehash(user.id, seen, new_hash)
        user.password_hash = new_hash
        return is_stored

    def session_of(self, token: str) -> UUID | None:
        if parsed := refresh_token.parse(self._refresh_keys, token):
            return parsed.session_id
        try:
            return self._security.access_tokens.verify(token).session_id
        except InvalidTokenError:
            return None


def _wrong_credentials() -> Unauthenticated:
    return Unauthenticated("invalid_credentials", "The credentials are not right.")
