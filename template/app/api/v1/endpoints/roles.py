from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from fastapi import Depends
from fastapi import Path
from fastapi import Response

from app.api.deps import RoleListDep
from app.api.deps import require
from app.api.deps import role_service
from app.api.idempotency import IdempotentRoute
from app.core.etag import IfMatch
from app.core.etag import tag
from app.schemas.role import RoleCreate
from app.schemas.role import RoleName
from app.schemas.role import RoleResponse
from app.schemas.role import RoleUpdate
from app.services.roles import RoleService

router = APIRouter(prefix="/roles", tags=["roles"], route_class=IdempotentRoute)

Roles = Annotated[RoleService, Depends(role_service)]
NameInPath = Annotated[RoleName, Path()]


@router.get("", dependencies=[Depends(require("roles:manage"))])
async def list_roles(listed: RoleListDep) -> list[RoleResponse]:
    """Every role with its permissions."""
    return await listed.read()


@router.post("", status_code=HTTPStatus.CREATED)
async def create_role(body: RoleCreate, roles: Roles, response: Response) -> RoleResponse:
    """Nobody gives a role permissions that they do not hold."""
    role = await roles.create(body)
    response.headers["Location"] = f"/api/v1/roles/{role.name}"
    return tag(response, RoleResponse.model_validate(role))


@router.put("/{name}")
async def replace_role(
    name: NameInPath, body: RoleUpdate, roles: Roles, response: Response, if_match: IfMatch = None
) -> RoleResponse:
    """Who has the role has its new permissions within a second."""
    role = await roles.replace(name, body, if_match)
    return tag(response, RoleResponse.model_validate(role))


@router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
async def delete_role(name: NameInPath, roles: Roles, if_match: IfMatch = None) -> None:
    """Whoever had it has it no more."""
    await roles.remove(name, if_match)
