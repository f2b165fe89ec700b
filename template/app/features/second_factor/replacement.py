"""Another authenticator: the one in use stays until the new one has shown a right code."""

from datetime import datetime, timedelta

from app.core import clock
from app.core.database import Database
from app.core.http.errors import Conflict, NotFound
from app.core.security import events
from app.core.security.principal import Principal
from app.features.encryption import Encryption, UndecryptableError
from app.features.second_factor import totp
from app.features.second_factor.repository import TotpFactorRepository
from app.features.second_factor.schemas import RecoveryCodes, TotpReplacement
from app.features.second_factor.service import SecondFactor, purpose_of
from app.features.state_store import State, StateStore

PURPOSE = "factor-replacement"
LIFETIME = timedelta(minutes=10)


class FactorReplacement:
    def __init__(
        self,
        database: Database,
        encryption: Encryption,
        states: StateStore,
        factor: SecondFactor,
    ) -> None:
        self._database = database
        self._encryption = encryption
        self._states = states
        self._factor = factor

    async def begin(self, user: Principal, code: str) -> TotpReplacement:
        """`code` is one of the factor in use, or a recovery code; it is spent.

        Raises NotFound, TooManyRequests and Forbidden.
        """
        if not await self._factor.is_active(user.id):
            raise NotFound("totp_not_enrolled", "The account has no second factor.")
        replaced = await self._factor.check(user.id, code)
        secret = totp.new_secret()
        state = {
            "user_id": str(user.id),
            "replaces": replaced.isoformat(),
            "secret": self._encryption.encrypt(purpose_of(user.id), secret),
            "expires_at": (clock.now() + LIFETIME).timestamp(),
        }
        return TotpReplacement(
            secret=secret,
            otpauth_uri=self._factor.uri_of(user, secret),
            replacement=await self._states.put(PURPOSE, state, LIFETIME),
        )

    async def confirm(self, user: Principal, replacement: str, code: str) -> RecoveryCodes:
        """`code` is the new authenticator's; a wrong one leaves everything as it was.

        Raises Conflict where nothing was begun, or the factor that it was begun with is no more,
        Forbidden and TooManyRequests.
        """
        async with self._factor.attempt(user.id) as attempt:
            state = await self._states.take(PURPOSE, replacement)
            if state is None or state["user_id"] != str(user.id):
                raise _not_pending()
            step = totp.matching_step(self._secret(user, state), code, clock.now())
            if step is None:
                await self._put_back(replacement, state)
                await events.record_refusal(self._database, "factor.replaced", user.id)
                raise await self._factor.wrong_code(attempt, user.id)
        codes = totp.new_recovery_codes()
        async with self._database.write() as session:
            factors = TotpFactorRepository(session)
            replaced = datetime.fromisoformat(state["replaces"])
            if not await factors.replace(user.id, replaced, state["secret"], step, clock.now()):
                raise _not_pending()
            await factors.add_recovery_codes(user.id, map(totp.recovery_code_hash, codes))
            self._factor.changed(session, "factor.replaced", user.id, user.email)
        return RecoveryCodes(recovery_codes=codes)

    def _secret(self, user: Principal, state: State) -> str:
        try:
            return self._encryption.decrypt(purpose_of(user.id), state["secret"])
        except UndecryptableError:  # its key was dropped within the minutes
            raise _not_pending() from None

    async def _put_back(self, replacement: str, state: State) -> None:
        ttl = clock.from_timestamp(state["expires_at"]) - clock.now()
        if ttl > timedelta():
            await self._states.put_back(PURPOSE, replacement, state, ttl)


def _not_pending() -> Conflict:
    return Conflict("totp_not_pending", "No replacement waits to be confirmed; begin anew.")
