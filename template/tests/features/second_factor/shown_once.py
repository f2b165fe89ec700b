"""The secrets of a second factor that an account is shown once."""

from tests.features.second_factor.support import answer, challenged, protected_user
from tests.support.service import Service


async def shown_once(service: Service) -> list[str]:
    """After each was used."""
    protected = await protected_user(service)
    codes = [protected.authenticator.code(), *protected.recovery_codes[:2]]
    for code in codes:
        await answer(service, await challenged(service, protected.user), code)
    return [protected.authenticator.secret, *protected.recovery_codes]
