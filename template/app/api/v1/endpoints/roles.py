from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from app.api.creating_route import CreatingRoute
from app.api.deps import ReadSessionDep, SessionDep, require
from app.core.http.etag import IfMatch, tag
from app.core.security.principal import Principal
from app.repositories.role import RoleRepository
from app.schemas.role import RoleCreate, RoleName, RoleResponse, RoleUpdate
from app.services.roles import RoleService

router = APIRouter(prefix="/roles", tags=["roles"], route_class=CreatingRoute)

manages = Depends(require("roles:manage"))


async def role_service(session: SessionDep, actor: Annotated[Principal, manages]) -> RoleService:
    return RoleService(session, actor)


Roles = Annotated[RoleService, Depends(role_service)]
NameInPath = Annotated[RoleName, Path()]


@router.get("", dependencies=[manages])
async def list_roles(session: ReadSessionDep) -> list[RoleResponse]:
    """Every role with its permissions."""
    return [RoleResponse.model_validate(role) for role in await RoleRepository(session).all()]


@router.post("", status_code=HTTPStatus.CREATED)
async def create_role(body: RoleCreate, roles: Roles, response: Response) -> RoleResponse:
    """Creates a role. Callers can only give it permissions that they hold themselves."""
    role = await roles.create(body)
    response.headers["Location"] = f"/api/v1/roles/{role.name}"
    return tag(response, RoleResponse.model_validate(role))


@router.put("/{name}")
async def replace_role(
    name: NameInPath, body: RoleUpdate, roles: Roles, response: Response, if_match: IfMatch = None
) -> RoleResponse:
    """Replaces the permissions. Users with the role have the new ones within a second."""
    role = await roles.replace(name, body, if_match)
    return tag(response, RoleResponse.model_validate(role))


@router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
async def delete_role(name: NameInPath, roles: Roles, if_match: IfMatch = None) -> None:
    """Deletes the role and removes it from all users."""
    await roles.remove(name, if_match)
