"""A forgotten password of an account with a second factor."""

import pytest

from tests.support.factories import make_user
from tests.support.mail import mailbox
from tests.support.second_factor import with_factor
from tests.support.service import Service

# The test takes the mail away.
pytestmark = pytest.mark.own_service

LOGIN = "/api/v1/auth/login"
FORGOT = "/api/v1/auth/password/forgot"
RESET = "/api/v1/auth/password/reset"
NEW = "plum otter violin seventy"


async def test_a_reset_leaves_the_second_factor_on(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    await with_factor(service, user)

    await service.client.post(FORGOT, json={"email": user.email})
    body = {"token": await box.token(user.email), "new_password": NEW}
    reset = await service.client.post(RESET, json=body)
    answer = await service.client.post(LOGIN, json={"username": user.username, "password": NEW})

    assert reset.status_code == 204
    assert (answer.status_code, answer.json()["code"]) == (403, "mfa_required")
