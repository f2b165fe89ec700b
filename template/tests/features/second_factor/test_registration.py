"""A password that is reset by mail, of an account that has a second factor."""

from tests.features.second_factor.support import AUTH, with_factor
from tests.support.factories import PASSWORD, make_user
from tests.support.mail import mailbox
from tests.support.service import Service


async def test_a_reset_leaves_the_second_factor_on(service: Service) -> None:
    box = mailbox(service)
    user = await make_user(service)
    await with_factor(service, user)
    new = "another " + PASSWORD

    await service.client.post(f"{AUTH}/password/forgot", json={"email": user.email})
    body = {"token": await box.token(user.email), "new_password": new}
    reset = await service.client.post(f"{AUTH}/password/reset", json=body)
    answer = await service.client.post(
        f"{AUTH}/login", json={"username": user.username, "password": new}
    )

    assert reset.status_code == 204
    assert (answer.status_code, answer.json()["code"]) == (403, "mfa_required")
