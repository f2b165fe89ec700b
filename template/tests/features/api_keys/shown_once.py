"""What an owner of an API key is shown once."""

from tests.features.api_keys.token_kinds import api_key
from tests.support.factories import bearer, make_user
from tests.support.service import Service


async def secrets(service: Service) -> list[str]:
    key = await api_key(service, await make_user(service))
    answer = await service.client.get("/api/v1/users/me", headers=bearer(key))
    assert answer.status_code == 200
    return [key]
