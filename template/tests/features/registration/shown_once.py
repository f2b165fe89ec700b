"""The secrets of registration that an account is sent once."""

from tests.support.factories import PASSWORD, make_user
from tests.support.mail import mailbox
from tests.support.service import Service


async def shown_once(service: Service) -> list[str]:
    """After each was used."""
    box = mailbox(service)
    user = await make_user(service)
    await service.client.post("/api/v1/auth/password/forgot", json={"email": user.email})
    token = await box.token(user.email)
    reset = {"token": token, "new_password": "wallaby " + PASSWORD}
    changed = await service.client.post("/api/v1/auth/password/reset", json=reset)
    assert changed.status_code == 204
    return [token, "wallaby"]
