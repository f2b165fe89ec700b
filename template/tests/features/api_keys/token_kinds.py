"""API keys among the kinds of tokens."""

from app.models.user import User
from tests.support.factories import signed_in
from tests.support.service import Service
from tests.support.token_kinds import Kind, Place


async def api_key(service: Service, user: User) -> str:
    headers = (await signed_in(service, user)).header
    body = {"name": "a program", "scopes": []}
    response = await service.client.post("/api/v1/api-keys", json=body, headers=headers)
    key: str = response.json()["key"]
    return key


KINDS = {"api key": Kind(api_key, frozenset({"any bearer"}))}
PLACES: dict[str, Place] = {}
