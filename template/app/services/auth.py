"""Logins by password."""

from collections.abc import Awaitable, Callable

from app.core import request_info
from app.core.database import Database
from app.core.http.errors import Forbidden, OAuthError, Unauthenticated
from app.core.security import Security, events
from app.core.security.lockout import Lockout
from app.models.user import User
from app.repositories.user import UserRepository
from app.schemas.auth import PasswordGrant, TokenResponse
from app.services.sessions import Sessions, wrong_credentials

type LoginCheck = Callable[[User], Awaitable[None]]


class AuthService:
    """Opens the short transactions it needs: none is held while a password is hashed, and what must
    survive an error answer is committed before the error is raised.
    """

    def __init__(
        self, database: Database, security: Security, lockout: Lockout, sessions: Sessions
    ) -> None:
        self._database = database
        self._security = security
        self._lockout = lockout
        self._sessions = sessions
        self.checks: list[LoginCheck] = []
        """Of parts, run in order after the right password of an active account; each may refuse."""

    async def login(self, identifier: str, password: str) -> TokenResponse:
        """Raises TooManyRequests, Unauthenticated or, after a right password only, Forbidden."""
        return await self._sessions.open(await self.authenticate(identifier, password))

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
            await record_refused_login(self._database, user, "wrong_password", locked=locked)
            raise wrong_credentials()
        await self._require_active(user)
        if new_hash is not None and not await self._rehashed(user, new_hash):
            return await self.authenticate(identifier, password)
        for check in self.checks:
            await check(user)
        if attempt.has_failed:
            await self._lockout.succeeded(account)
        return user

    async def password_grant(self, grant: PasswordGrant) -> TokenResponse:
        """As `login`, with the errors of RFC 6749: everything but a lockout is `invalid_grant`."""
        try:
            return await self.login(grant.username, grant.password.get_secret_value())
        except (Unauthenticated, Forbidden) as error:
            raise OAuthError("invalid_grant", error.detail, code=error.code) from None

    async def _require_active(self, user: User) -> None:
        if not user.is_active:
            await record_refused_login(self._database, user, "account_disabled")
            raise Forbidden("account_disabled", "The account is disabled.")

    async def _rehashed(self, user: User, new_hash: str) -> bool:
        """False where another login did it first, or the password was changed."""
        async with self._database.write() as session:
            seen = user.password_hash
            is_stored = await UserRepository(session).rehash(user.id, seen, new_hash)
        user.password_hash = new_hash
        return is_stored


async def record_refused_login(
    database: Database, user: User | None, reason: str, *, locked: bool = False
) -> None:
    """A name that nobody has is not recorded: people type passwords into the wrong field."""
    user_id = user.id if user else None
    reason = reason if user else "unknown_account"
    await events.record_refusal(database, "auth.login.failed", user_id, reason=reason)
    if locked:
        await events.record_refusal(database, "auth.lockout", user_id)
