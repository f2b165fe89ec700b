"""The challenge of a login among the kinds of tokens."""

from httpx2 import Response

from app.models.user import User
from tests.features.second_factor.support import FIXED, answer, challenged, with_factor
from tests.support.service import Service
from tests.support.token_kinds import Kind

SECOND_STEP = "second step of a login"


async def login_challenge(service: Service, user: User) -> str:
    await with_factor(service, user)
    return await challenged(service, user)


async def as_challenge(service: Service, token: str) -> Response:
    return await answer(service, token, FIXED.code())


KINDS = {"login challenge": Kind(login_challenge, frozenset({SECOND_STEP}))}
PLACES = {SECOND_STEP: as_challenge}
