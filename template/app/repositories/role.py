from collections.abc import Sequence

from sqlalchemy import select

from app.core.database.repository import Repository
from app.models.role import Role


class RoleRepository(Repository[Role]):
    model = Role

    async def all(self) -> Sequence[Role]:
        return (await self.session.scalars(select(Role).order_by(Role.name))).all()

    async def named(self, names: list[str]) -> list[Role]:
        """Those of the names that exist, in the order of their names."""
        if not names:
            return []
        statement = select(Role).where(Role.name.in_(names)).order_by(Role.name)
        return list((await self.session.scalars(statement)).all())
