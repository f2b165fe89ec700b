"""A login through a provider, of an account that has a second factor here."""

from uuid import UUID

from app.models.user import User
from tests.features.federation.browser import signed_in_through
from tests.features.federation.stub import Stub
from tests.features.second_factor.support import AUTH, with_factor
from tests.support.factories import bearer
from tests.support.service import Service


async def test_its_code_is_asked_for_by_the_provider_alone(service: Service, stub: Stub) -> None:
    """docs/how-to/sign-in-through-providers.md; the login counts as a recent one too."""
    first = await signed_in_through(service, stub)
    async with service.database.read() as session:
        user = await session.get_one(User, UUID(first["user_id"]))
    await with_factor(service, user)

    second = await signed_in_through(service, stub)
    header = bearer(second["access_token"])
    me = await service.client.get("/api/v1/users/me", headers=header)
    removed = await service.client.delete(f"{AUTH}/totp", headers=header)

    assert second["user_id"] == first["user_id"]
    assert (me.status_code, removed.status_code) == (200, 204)
