"""What a service would be without a baseline: the same bodies, nothing around them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = os.environ.get("DATABASE_URL", "sqlite+aiosqlite://")
ROW = UUID(int=1)

engine = create_async_engine(URL.replace("postgresql://", "postgresql+asyncpg://"))
sessions = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "bare_users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str]
    full_name: Mapped[str | None]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]


class UserResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    username: str
    email: str
    full_name: str | None
    is_active: bool
    created_at: datetime


class Liveness(BaseModel):
    status: Literal["healthy"] = "healthy"
    timestamp: datetime


@asynccontextmanager
async def with_one_row(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions() as opened:
        user = User(id=ROW, username="ada", email="ada@example.com", is_active=True)
        user.created_at = datetime.now(UTC).replace(tzinfo=None)
        opened.add(user)
        await opened.commit()
    yield


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


app = FastAPI(lifespan=with_one_row)


@app.get("/health")
async def read_health() -> dict[str, str]:
    return {"status": "healthy"}


@app.get("/api/v1/health/liveness")
async def read_liveness() -> Liveness:
    return Liveness(timestamp=datetime.now(UTC))


@app.get("/row")
async def read_row(opened: Annotated[AsyncSession, Depends(session)]) -> UserResponse:
    return UserResponse.model_validate(await opened.get_one(User, ROW))
