from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.creating_route import CreatingRoute
from app.api.deps import CurrentUser, ReadSessionDep, require, session_user, user_service
from app.core.database import database_of
from app.core.database.pagination import Page, PageQuery, page_response
from app.core.http.errors import NotFound
from app.core.http.etag import IfMatch, tag
from app.repositories.user import UserRepository, find_users
from app.schemas.user import (
    MeUpdate,
    UserCreate,
    UserQuery,
    UserReplace,
    UserResponse,
    UserRoles,
    UserSearch,
    UserUpdate,
)
from app.services.users import UserService

router = APIRouter(prefix="/users", tags=["users"], route_class=CreatingRoute)

reads = Depends(require("users:read"))
OwnAccount = Annotated[UserService, Depends(user_service(session_user))]
Users = Annotated[UserService, Depends(user_service(require("users:manage")))]
UserRights = Annotated[UserService, Depends(user_service(require("roles:manage")))]


@router.get("/me")
async def read_me(user: CurrentUser, response: Response) -> UserResponse:
    """The account that the token belongs to."""
    return tag(response, UserResponse.model_validate(user))


@router.patch("/me")
async def update_me(
    body: MeUpdate,
    user: CurrentUser,
    account: OwnAccount,
    response: Response,
    if_match: IfMatch = None,
) -> UserResponse:
    """Changes what is given of the own account; what is left out stays."""
    changed = await account.change(user.id, body.model_dump(exclude_unset=True), if_match)
    return tag(response, UserResponse.model_validate(changed))


@router.get("", dependencies=[reads], response_model=Page[UserResponse])
async def list_users(request: Request, query: Annotated[UserQuery, Query()]) -> Response:
    """Ordered and filtered by the columns that the query allows."""
    users, total = await find_users(database_of(request).for_reads, query)
    return page_response(users, total, query)


@router.get("/search", dependencies=[reads], response_model=Page[UserResponse])
async def search_users(request: Request, query: Annotated[UserSearch, Query()]) -> Response:
    """The list, for a text that is looked for in names and addresses as it stands."""
    return await list_users(request, query.as_user_query())


@router.get("/active", dependencies=[reads], response_model=Page[UserResponse])
async def list_active_users(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """The list, without who is switched off."""
    return await list_users(request, UserQuery(**query.model_dump(), is_active=True))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_user(body: UserCreate, users: Users, response: Response) -> UserResponse:
    """Creates an account. Callers can only give it roles whose permissions they hold."""
    user = await users.create(body)
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return tag(response, user)


@router.get("/{user_id:uuid}", dependencies=[reads])
async def read_user(user_id: UUID, session: ReadSessionDep, response: Response) -> UserResponse:
    """One account, with the names of its roles."""
    user = await UserRepository(session).with_roles(user_id)
    if user is None:
        raise NotFound("user_not_found", "There is no such user.")
    return tag(response, UserResponse.model_validate(user))


@router.put("/{user_id:uuid}")
async def replace_user(
    user_id: UUID, body: UserReplace, users: Users, response: Response, if_match: IfMatch = None
) -> UserResponse:
    """Every field is set: what is left out takes its default, but the password stays."""
    user = await users.change(user_id, body.model_dump(), if_match)
    return tag(response, UserResponse.model_validate(user))


@router.patch("/{user_id:uuid}")
async def update_user(
    user_id: UUID, body: UserUpdate, users: Users, response: Response, if_match: IfMatch = None
) -> UserResponse:
    """Changes what is given, and clears what is null; what is left out stays.

    A password needs a login of the last hour, and ends every session of the account.
    """
    user = await users.change(user_id, body.model_dump(exclude_unset=True), if_match)
    return tag(response, UserResponse.model_validate(user))


@router.delete("/{user_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
async def delete_user(user_id: UUID, users: Users, if_match: IfMatch = None) -> None:
    """Its sessions and keys end at once; the last superuser stays."""
    await users.remove(user_id, if_match)


@router.post("/{user_id:uuid}/activate", status_code=HTTPStatus.NO_CONTENT)
async def activate_user(user_id: UUID, users: Users) -> None:
    """The account may log in again."""
    await users.change(user_id, {"is_active": True}, None)


@router.post("/{user_id:uuid}/deactivate", status_code=HTTPStatus.NO_CONTENT)
async def deactivate_user(user_id: UUID, users: Users) -> None:
    """The account's tokens and keys are refused at once, and it cannot log in."""
    await users.change(user_id, {"is_active": False}, None)


@router.post("/{user_id:uuid}/logout-all", status_code=HTTPStatus.NO_CONTENT)
async def end_user_sessions(user_id: UUID, users: Users) -> None:
    """Every access and refresh token of the account is refused at once."""
    await users.end_sessions(user_id)


@router.put("/{user_id:uuid}/roles")
async def set_user_roles(
    user_id: UUID, body: UserRoles, users: UserRights, response: Response, if_match: IfMatch = None
) -> UserResponse:
    """Replaces the roles; nobody gives permissions that they do not hold."""
    user = await users.set_roles(user_id, body.roles, if_match)
    return tag(response, UserResponse.model_validate(user))
