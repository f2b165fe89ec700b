"""An account with a second factor, and the codes that its authenticator would show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyotp
import pytest
from httpx2 import Response

from app.core import clock, registry
from app.features.encryption import Encryption
from app.features.second_factor.login_challenge import LoginChallenges, MfaRequired
from app.features.second_factor.models import TotpFactor
from app.features.second_factor.totp import STEP_SECONDS
from app.models.user import User
from tests.support.factories import Tokens, make_user, signed_in
from tests.support.service import Service

AUTH = "/api/v1/auth"


@dataclass
class Authenticator:
    secret: str

    def code(self, steps: int = 0) -> str:
        """Of the current time step, or of one so many steps away."""
        step = int(clock.now().timestamp()) // STEP_SECONDS + steps
        return pyotp.TOTP(self.secret).generate_otp(step)


FIXED = Authenticator(pyotp.random_base32())
"""Of every account that `with_factor` protects."""


@dataclass
class Protected:
    """A user whose second factor is active."""

    user: User
    tokens: Tokens
    authenticator: Authenticator
    recovery_codes: list[str] = field(repr=False)


def mid_step() -> datetime:
    """Seconds from now, in the middle of a time step: no code grows old while a test runs."""
    step = int(clock.now().timestamp()) // STEP_SECONDS
    return clock.from_timestamp((step + 0.5) * STEP_SECONDS)


async def protected_user(service: Service, **facts: Any) -> Protected:
    """Confirmed with the code of the step before this one, so that the current one is unused."""
    user = await make_user(service, **facts)
    tokens = await signed_in(service, user)
    enrolled = await service.client.post(f"{AUTH}/totp", headers=tokens.header)
    authenticator = Authenticator(enrolled.json()["secret"])
    confirmed = await service.client.post(
        f"{AUTH}/totp/confirm", json={"code": authenticator.code(-1)}, headers=tokens.header
    )
    assert confirmed.status_code == 200, confirmed.text
    return Protected(user, tokens, authenticator, confirmed.json()["recovery_codes"])


async def with_factor(service: Service, user: User) -> None:
    """A factor whose codes are those of FIXED, none of them used yet."""
    secret = registry.get(service.app, Encryption).encrypt(f"totp/{user.id}", FIXED.secret)
    async with service.database.write() as session:
        await session.merge(TotpFactor(user_id=user.id, secret=secret, confirmed_at=clock.now()))


async def challenged(service: Service, user: User) -> str:
    """The challenge that a right password opens, without the time that a password takes."""
    challenges = registry.get(service.app, LoginChallenges)
    async with service.database.read() as session:
        stored = await session.get_one(User, user.id)
    with pytest.raises(MfaRequired) as raised:
        await challenges.require(stored)
    return raised.value.challenge


async def answer(service: Service, challenge: str, code: str) -> Response:
    return await service.client.post(
        f"{AUTH}/login/totp", json={"challenge": challenge, "code": code}
    )
