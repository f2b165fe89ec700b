from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.creating_route import CreatingRoute
from app.api.deps import ReadSessionDep, SessionDep, SessionUser, no_store, recent_user
from app.features.api_keys.repository import ApiKeyRepository
from app.features.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyResponse
from app.features.api_keys.service import ApiKeyService


class KeyCreatingRoute(CreatingRoute):
    keeps_answer = False


router = APIRouter(
    prefix="/api-keys",
    tags=["api keys"],
    dependencies=[Depends(no_store)],
    route_class=KeyCreatingRoute,
)


async def own_keys(session: SessionDep, actor: SessionUser) -> ApiKeyService:
    return ApiKeyService(session, actor)


Keys = Annotated[ApiKeyService, Depends(own_keys)]


@router.post("", status_code=HTTPStatus.CREATED, dependencies=[Depends(recent_user)])
async def create_api_key(body: ApiKeyCreate, keys: Keys, response: Response) -> ApiKeyCreated:
    """The key is in this answer and nowhere else."""
    created = await keys.create(body)
    response.headers["Location"] = f"/api/v1/api-keys/{created.id}"
    return created


@router.get("")
async def list_api_keys(user: SessionUser, session: ReadSessionDep) -> list[ApiKeyResponse]:
    """The caller's keys, each by its prefix and its last use."""
    rows = await ApiKeyRepository(session).owned(user.id)
    return [ApiKeyResponse.model_validate(row) for row in rows]


@router.delete("/{key_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_api_key(key_id: UUID, keys: Keys) -> None:
    """The key is refused at once."""
    await keys.revoke(key_id)
