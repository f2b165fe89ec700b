"""Mailed one-time tokens among the kinds of tokens."""

from app.core import clock
from app.features.registration.mails import TOKEN_TTL
from app.features.registration.repository import issue
from app.features.registration.service import RESET_PASSWORD, VERIFY_EMAIL
from app.models.user import User
from tests.support.factories import PASSWORD
from tests.support.service import Service
from tests.support.token_kinds import Issue, Kind, in_json

CONFIRMATION = "confirmation of an address"
RESET = "reset of a password"


def mailed(purpose: str) -> Issue:
    async def one_time_token(service: Service, user: User) -> str:
        expires_at = clock.now() + TOKEN_TTL
        async with service.database.write() as session:
            return await issue(service.database, session, user.id, purpose, user.email, expires_at)

    return one_time_token


KINDS = {
    "mailed to confirm an address": Kind(mailed(VERIFY_EMAIL), frozenset({CONFIRMATION})),
    "mailed to reset a password": Kind(mailed(RESET_PASSWORD), frozenset({RESET})),
}
PLACES = {
    CONFIRMATION: in_json("/api/v1/auth/verify-email", "token"),
    RESET: in_json("/api/v1/auth/password/reset", "token", new_password=f"another {PASSWORD}"),
}
