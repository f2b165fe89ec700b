"""What an owner of a second factor is shown once."""

from tests.support.second_factor import answer, challenged, protected_user
from tests.support.service import Service


async def secrets(service: Service) -> list[str]:
    protected = await protected_user(service)
    for code in (protected.authenticator.code(), *protected.recovery_codes[:2]):
        await answer(service, await challenged(service, protected.user), code)
    return [protected.authenticator.secret, *protected.recovery_codes]
