"""All roles, kept for a while: they change seldom and every page about users asks for them."""

from datetime import timedelta

from app.core.cache import Cache
from app.core.cache import cached
from app.core.database import Database
from app.repositories.role import RoleRepository
from app.schemas.role import RoleResponse

TTL = timedelta(seconds=10)
"""How long the list may lack a change whose word was lost; nobody's rights are read from it."""
TAG = "roles"


class RoleList:
    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache
        kept = cache.namespace("roles", list[RoleResponse], ttl=TTL, coherent=True)
        self._kept = cached(kept, lambda: "all", tags=(TAG,))(self._load)

    async def read(self) -> list[RoleResponse]:
        """In the order of their names."""
        return await self._kept() or []

    async def forget(self) -> None:
        await self._cache.invalidate(TAG)

    async def _load(self) -> list[RoleResponse]:
        async with self._database.read() as session:
            roles = await RoleRepository(session).all()
        return [RoleResponse.model_validate(role) for role in roles]
