"""The second factor of an account.

enrol ──> pending ──confirm──> active ──disable──> gone

Another authenticator in its place: `app.features.second_factor.replacement`.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.core import clock, instruments, request_info
from app.core.database import Database, WriteSession
from app.core.http.errors import Conflict, Forbidden, NotFound
from app.core.security import events
from app.core.security.lockout import Attempt, Lockout
from app.core.security.principal import Principal
from app.features.encryption import Encryption, UndecryptableError
from app.features.encryption.columns import EncryptedColumn
from app.features.mail import Outbox
from app.features.second_factor import totp
from app.features.second_factor.mails import mail_of
from app.features.second_factor.models import TotpFactor
from app.features.second_factor.repository import TotpFactorRepository, has_confirmed
from app.features.second_factor.schemas import RecoveryCodes, TotpEnrolment
from app.features.second_factor.settings import SecondFactorSettings
from app.models.user import User
from app.repositories.user import UserRepository

log = structlog.get_logger("app.auth")


class SecondFactor:
    """Opens the short transactions it needs: what a wrong code counts outlives the error answer."""

    def __init__(
        self,
        database: Database,
        encryption: Encryption,
        lockout: Lockout,
        outbox: Callable[[], Outbox],
        settings: SecondFactorSettings,
        *,
        issuer: str,
    ) -> None:
        self._database = database
        self._encryption = encryption
        self._lockout = lockout
        self._outbox = outbox
        self._settings = settings
        self._issuer = issuer

    async def is_active(self, user_id: UUID) -> bool:
        return await has_confirmed(self._database, user_id)

    async def enrol(self, user: Principal | User) -> TotpEnrolment:
        """A pending factor, in place of one that was never confirmed. Raises Conflict."""
        secret = totp.new_secret()
        encrypted = self._encryption.encrypt(purpose_of(user.id), secret)
        async with self._database.write() as session:
            factors = TotpFactorRepository(session)
            await factors.remove_pending(user.id)
            if await factors.get(user.id) is not None:
                raise Conflict("totp_active", "The account has a second factor already.")
            await factors.add(TotpFactor(user_id=user.id, secret=encrypted))
        return TotpEnrolment(secret=secret, otpauth_uri=self.uri_of(user, secret))

    def uri_of(self, user: Principal | User, secret: str) -> str:
        return totp.provisioning_uri(secret, account=user.email, issuer=self._issuer)

    async def confirm(self, user: Principal | User, code: str) -> RecoveryCodes:
        """Raises Conflict where nothing is pending, Forbidden and TooManyRequests."""
        codes = totp.new_recovery_codes()
        async with self.attempt(user.id) as attempt:
            async with self._database.write() as session:
                factors = TotpFactorRepository(session)
                factor = await factors.get(user.id)
                if factor is None or factor.confirmed_at is not None:
                    raise Conflict("totp_not_pending", "No second factor waits to be confirmed.")
                confirmed = await self._takes_totp(factors, factor, code)
                if confirmed:
                    await factors.add_recovery_codes(user.id, map(totp.recovery_code_hash, codes))
                    self.changed(session, "factor.enabled", user.id, user.email)
            if not confirmed:
                await events.record_refusal(self._database, "factor.enabled", user.id)
                raise await self.wrong_code(attempt, user.id)
        return RecoveryCodes(recovery_codes=codes)

    async def disable(self, user: Principal) -> None:
        """Raises NotFound, and Forbidden where the account must have one."""
        if self._settings.is_required_of(user):
            raise Forbidden("factor_required", "This account must have a second factor.")
        async with self._database.write() as session:
            if not await TotpFactorRepository(session).remove_of(user.id):
                raise NotFound("totp_not_enrolled", "The account has no second factor.")
            self.changed(session, "factor.disabled", user.id, user.email)

    async def remove_for(self, session: WriteSession, user: User, actor: Principal) -> None:
        """For a user who lost the authenticator and the recovery codes.

        `user` is one whom the actor may change. Raises NotFound and Forbidden.
        """
        if user.id == actor.id:
            raise Forbidden("own_factor", "Your own second factor is removed at /auth/totp.")
        if not await TotpFactorRepository(session).remove_of(user.id):
            raise NotFound("totp_not_enrolled", "The account has no second factor.")
        self._outbox().post(session, mail_of("factor.disabled", user.email))
        target = f"user:{user.id}"
        events.record(session, "factor.disabled", actor_id=actor.id, target=target)

    async def check(self, user_id: UUID, code: str) -> datetime:
        """Takes a code of an authenticator or a recovery code, once; when that factor was made.

        Raises TooManyRequests before the code is looked at, and Forbidden.
        """
        async with self.attempt(user_id) as attempt:
            async with self._database.write() as session:
                factors = TotpFactorRepository(session)
                factor = await factors.confirmed(user_id)
                right = factor is not None and (
                    await self._takes_totp(factors, factor, code)
                    or await self._takes_recovery_code(session, user_id, code)
                )
            if factor is None or not right:
                raise await self.wrong_code(attempt, user_id)
        return factor.created_at

    def attempt(self, user_id: UUID) -> AbstractAsyncContextManager[Attempt]:
        return self._lockout.attempt(str(user_id), request_info.current().ip, "code")

    async def _takes_totp(
        self, factors: TotpFactorRepository, factor: TotpFactor, code: str
    ) -> bool:
        secret = self._secret(factor)
        now = clock.now()
        step = totp.matching_step(secret, code, now) if secret else None
        if step is None or not await factors.accept(factor, step, now):
            return False
        if renewed := self._encryption.renewed(purpose_of(factor.user_id), factor.secret):
            await factors.store_secret(factor.user_id, renewed)
        return True

    def _secret(self, factor: TotpFactor) -> str | None:
        """None where its key is gone: a recovery code still works then."""
        try:
            return self._encryption.decrypt(purpose_of(factor.user_id), factor.secret)
        except UndecryptableError:
            log.critical("auth.factor.undecryptable", user_id=str(factor.user_id))
            return None

    async def _takes_recovery_code(self, session: WriteSession, user_id: UUID, code: str) -> bool:
        factors = TotpFactorRepository(session)
        if not await factors.spend_recovery_code(user_id, totp.recovery_code_hash(code)):
            return False
        left = await factors.recovery_codes_left(user_id)
        if user := await UserRepository(session).get(user_id):
            self.changed(session, "factor.recovery_code_used", user_id, user.email, left=left)
        return True

    def changed(
        self, session: WriteSession, action: str, user_id: UUID, email: str, **detail: Any
    ) -> None:
        events.record(session, action, actor_id=user_id, target=f"user:{user_id}", **detail)
        self._outbox().post(session, mail_of(action, email))

    async def wrong_code(self, attempt: Attempt, user_id: UUID) -> Forbidden:
        if await attempt.failed():
            await events.record_refusal(self._database, "auth.lockout", user_id)
        log.warning("auth.factor.failed", user_id=str(user_id), client_ip=request_info.current().ip)
        instruments.auth_event("factor", "failure")
        return Forbidden("wrong_code", "The code is not right.")


def purpose_of(user_id: UUID) -> str:
    return f"totp/{user_id}"


SECRETS = EncryptedColumn("second factors", TotpFactor.user_id, TotpFactor.secret, purpose_of)
"""Encrypted at rest."""
