"""The step between a right password and the tokens: a code of the second factor, or, where one is
required and there is none, the steps that set it up.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.database import Database
from app.core.http.errors import Forbidden, Unauthenticated
from app.core.security.lockout import Lockout
from app.core.security.passwords import fingerprint
from app.features.second_factor.schemas import RecoveryCodes, TotpEnrolment
from app.features.second_factor.service import SecondFactor
from app.features.second_factor.settings import SecondFactorSettings
from app.features.state_store import StateStore
from app.models.user import User
from app.repositories.user import UserRepository
from app.services.auth import record_refused_login

PURPOSE = "login-challenge"
ENROLMENT_PURPOSE = "enrolment-challenge"
LIFETIME = timedelta(minutes=5)
MAX_ATTEMPTS = 5


class Challenged(Forbidden):
    """The password was right; the challenge stands for it in the steps that follow."""

    def __init__(self, code: str, detail: str, challenge: str) -> None:
        super().__init__(code, detail)
        self.challenge = challenge

    def members(self) -> dict[str, Any]:
        return {"challenge": self.challenge}


class MfaRequired(Challenged):
    def __init__(self, challenge: str) -> None:
        detail = "This account needs a code of its second factor."
        super().__init__("mfa_required", detail, challenge)


class MfaEnrolmentRequired(Challenged):
    def __init__(self, challenge: str) -> None:
        detail = "This account needs a second factor: set one up with the challenge."
        super().__init__("mfa_enrolment_required", detail, challenge)


class LoginChallenges:
    def __init__(
        self,
        database: Database,
        states: StateStore,
        factor: SecondFactor,
        lockout: Lockout,
        settings: SecondFactorSettings,
    ) -> None:
        self._database = database
        self._states = states
        self._factor = factor
        self._lockout = lockout
        self._settings = settings

    async def require(self, user: User) -> None:
        """Raises MfaRequired where the user has a second factor, MfaEnrolmentRequired where one is
        missing.
        """
        if await self._factor.is_active(user.id):
            raise MfaRequired(await self._opened(PURPOSE, user))
        if self._settings.is_required_of(user):
            raise MfaEnrolmentRequired(await self._opened(ENROLMENT_PURPOSE, user))

    async def answered(self, challenge: str, code: str) -> User:
        """The user who logs in. A wrong code leaves the challenge, a right one ends it.

        Raises Unauthenticated and TooManyRequests.
        """
        user, _ = await self._tried(
            PURPOSE, challenge, lambda user: self._factor.check(user.id, code)
        )
        return user

    async def enrol(self, challenge: str) -> TotpEnrolment:
        """A pending factor, in place of one that was never confirmed; the challenge goes on.

        Raises Unauthenticated, and Conflict where another login has confirmed one.
        """
        state, user = await self._taken(ENROLMENT_PURPOSE, challenge)
        try:
            return await self._factor.enrol(user)
        finally:
            await self._put_back(ENROLMENT_PURPOSE, challenge, state)

    async def confirmed(self, challenge: str, code: str) -> tuple[User, RecoveryCodes]:
        """As `answered`, by the first code of the factor that `enrol` made. Raises Conflict too."""
        return await self._tried(
            ENROLMENT_PURPOSE, challenge, lambda user: self._factor.confirm(user, code)
        )

    async def _tried[Found](
        self, purpose: str, challenge: str, step: Callable[[User], Awaitable[Found]]
    ) -> tuple[User, Found]:
        """A wrong code costs one of its attempts; whatever else fails leaves it as it was."""
        state, user = await self._taken(purpose, challenge)
        try:
            found = await step(user)
        except Forbidden as error:
            raise await self._refused(purpose, challenge, state, user, error) from None
        except Exception:
            await self._put_back(purpose, challenge, state)
            raise
        await self._lockout.succeeded(str(user.id))
        return user, found

    async def _opened(self, purpose: str, user: User) -> str:
        state = {
            "user_id": str(user.id),
            "password": fingerprint(user.password_hash),
            "attempts_left": MAX_ATTEMPTS,
            "expires_at": (clock.now() + LIFETIME).timestamp(),
        }
        return await self._states.put(purpose, state, LIFETIME)

    async def _taken(self, purpose: str, challenge: str) -> tuple[dict[str, Any], User]:
        state = await self._states.take(purpose, challenge)
        user = await self._challenged(state) if state else None
        if state is None or user is None:
            raise Unauthenticated("invalid_challenge", "The challenge is not valid; log in again.")
        return state, user

    async def _refused(
        self, purpose: str, challenge: str, state: dict[str, Any], user: User, error: Forbidden
    ) -> Unauthenticated:
        left = state["attempts_left"] - 1
        if left > 0:
            await self._put_back(purpose, challenge, {**state, "attempts_left": left})
        await record_refused_login(self._database, user, error.code)
        return Unauthenticated(error.code, error.detail)

    async def _challenged(self, state: dict[str, Any]) -> User | None:
        """None where the account was disabled or its password changed meanwhile."""
        async with self._database.read() as session:
            user = await UserRepository(session).with_roles(UUID(state["user_id"]))
        if user is None or not user.is_active:
            return None
        return user if fingerprint(user.password_hash) == state["password"] else None

    async def _put_back(self, purpose: str, challenge: str, state: dict[str, Any]) -> None:
        ttl = clock.from_timestamp(state["expires_at"]) - clock.now()
        if ttl > timedelta():
            await self._states.put_back(purpose, challenge, state, ttl)
