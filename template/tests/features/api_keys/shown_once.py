"""The API key that an account is shown once."""

from tests.features.api_keys.token_kinds import api_key
from tests.support.factories import bearer, make_user
from tests.support.service import Service


async def shown_once(service: Service) -> list[str]:
    """After it was used."""
    key = await api_key(service, await make_user(service))
    me = await service.client.get("/api/v1/users/me", headers=bearer(key))
    assert me.status_code == 200
    return [key]
