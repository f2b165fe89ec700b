"""The step between a right password and the tokens, for accounts with a second factor."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.database import Database
from app.core.errors import Forbidden
from app.core.errors import Unauthenticated
from app.core.state_store import StateStore
from app.models.user import User
from app.repositories.user import UserRepository
from app.services import auth_audit
from app.services.lockout import Lockout
from app.services.second_factor import SecondFactor

PURPOSE = "login-challenge"
LIFETIME = timedelta(minutes=5)
MAX_ATTEMPTS = 5


class MfaRequired(Forbidden):
    """The password was right; the challenge stands for it in the second step."""

    def __init__(self, challenge: str) -> None:
        super().__init__("mfa_required", "This account needs a code of its second factor.")
        self.challenge = challenge

    def members(self) -> dict[str, Any]:
        return {"challenge": self.challenge}


class LoginChallenges:
    def __init__(
        self, database: Database, states: StateStore, factor: SecondFactor, lockout: Lockout
    ) -> None:
        self._database = database
        self._states = states
        self._factor = factor
        self._lockout = lockout

    async def require(self, user: User) -> None:
        """Raises MfaRequired where the user has a second factor."""
        if not await self._factor.is_active(user.id):
            return
        state = {
            "user_id": str(user.id),
            "password": _fingerprint(user.password_hash),
            "attempts_left": MAX_ATTEMPTS,
            "expires_at": (clock.now() + LIFETIME).timestamp(),
        }
        raise MfaRequired(await self._states.put(PURPOSE, state, LIFETIME))

    async def answered(self, challenge: str, code: str) -> User:
        """The user who logs in. A wrong code leaves the challenge, a right one ends it.

        Raises Unauthenticated and TooManyRequests.
        """
        state = await self._states.take(PURPOSE, challenge)
        user = await self._challenged(state) if state else None
        if state is None or user is None:
            raise Unauthenticated("invalid_challenge", "The challenge is not valid; log in again.")
        try:
            await self._factor.check(user.id, code)
        except Forbidden as error:
            await self._put_back(challenge, state)
            await auth_audit.login_refused(self._database, user, error.code)
            raise Unauthenticated(error.code, error.detail) from None
        await self._lockout.succeeded(str(user.id))
        return user

    async def _challenged(self, state: dict[str, Any]) -> User | None:
        """None where the account was disabled or its password changed meanwhile."""
        async with self._database.read() as session:
            user = await UserRepository(session).with_roles(UUID(state["user_id"]))
        if user is None or not user.is_active:
            return None
        return user if _fingerprint(user.password_hash) == state["password"] else None

    async def _put_back(self, challenge: str, state: dict[str, Any]) -> None:
        left = state["attempts_left"] - 1
        ttl = clock.from_timestamp(state["expires_at"]) - clock.now()
        if left > 0 and ttl > timedelta():
            await self._states.put_back(PURPOSE, challenge, {**state, "attempts_left": left}, ttl)


def _fingerprint(password_hash: str | None) -> str:
    return hashlib.sha256((password_hash or "").encode()).hexdigest()
