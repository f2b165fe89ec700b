"""What an endpoint may ask for.

`CurrentUser` has given its connection back before `SessionDep` opens one: a request holds one
connection at a time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Request, Response
from fastapi.security import OAuth2PasswordBearer

from app.core import registry
from app.core.database import ReadSession, WriteSession, database_of
from app.core.health import Health
from app.core.http.errors import Forbidden, Unauthenticated
from app.core.http.rate_limiter import RateLimiter
from app.core.notices import Notices
from app.core.security.principal import Principal
from app.core.settings import settings_of
from app.services.auth import AuthService
from app.services.own_password import OwnPassword
from app.services.reauthentication import Reauthentication
from app.services.sessions import BearerAuthenticator, Sessions
from app.services.users import UserService

bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    refreshUrl="/api/v1/auth/token",
    description="An access token (RFC 9068), checked as RFC8725 asks.",
    auto_error=False,
)

WRITE_SESSION = "app.write_session"
CALLER = "app.caller"
"""In the scope of a request, for what is no dependency."""


async def write_session(request: Request) -> AsyncIterator[WriteSession]:
    async with database_of(request).write() as session:
        request.scope[WRITE_SESSION] = session
        yield session


async def read_session(request: Request) -> AsyncIterator[ReadSession]:
    async with database_of(request).for_reads.read() as session:
        yield session


# At the default scope FastAPI would commit after the answer has been sent.
SessionDep = Annotated[WriteSession, Depends(write_session, scope="function")]
ReadSessionDep = Annotated[ReadSession, Depends(read_session, scope="function")]

AuthDep = Annotated[AuthService, Depends(registry.provide(AuthService))]
OwnPasswordDep = Annotated[OwnPassword, Depends(registry.provide(OwnPassword))]
ReauthenticationDep = Annotated[Reauthentication, Depends(registry.provide(Reauthentication))]
SessionsDep = Annotated[Sessions, Depends(registry.provide(Sessions))]


async def current_user(
    request: Request, token: Annotated[str | None, Depends(bearer)]
) -> Principal:
    if not token:
        raise Unauthenticated("not_authenticated", "This needs an access token.")
    principal = await registry.get(request, BearerAuthenticator).find(token)
    if principal is None:
        raise Unauthenticated.invalid_token()
    await registry.get(request, RateLimiter).authenticated(request, f"user:{principal.id}")
    structlog.contextvars.bind_contextvars(user_id=str(principal.id))
    request.scope[CALLER] = principal
    return principal


CurrentUser = Annotated[Principal, Depends(current_user)]


async def session_user(user: CurrentUser) -> Principal:
    if user.session_id is None:
        raise Forbidden("session_required", "This needs the access token of a login.")
    return user


# For what concerns an account itself: its credentials, its sessions.
SessionUser = Annotated[Principal, Depends(session_user)]


async def own_session(user: SessionUser) -> UUID:
    """The session that is asking."""
    assert user.session_id is not None  # noqa: S101
    return user.session_id


OwnSession = Annotated[UUID, Depends(own_session)]


async def recent_user(user: SessionUser, reauthentication: ReauthenticationDep) -> Principal:
    await reauthentication.require(user)
    return user


# For what changes an account's credentials: a login or POST /auth/reauthenticate within the hour.
RecentUser = Annotated[Principal, Depends(recent_user)]


async def no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


async def monitoring(request: Request, token: Annotated[str | None, Depends(bearer)]) -> None:
    """Open outside production; there it takes MONITORING_TOKEN or the permission `health:read`."""
    if not settings_of(request).runtime.is_production:
        return
    if token and registry.get(request, Health).admits(token):
        return
    await require("health:read")(await current_user(request, token))


def require(permission: str) -> Callable[[Principal], Awaitable[Principal]]:
    """The one way to guard a route: `Annotated[Principal, Depends(require("users:read"))]`."""

    challenge = f'Bearer error="insufficient_scope", scope="{permission}"'

    async def permitted(user: CurrentUser) -> Principal:
        if not user.may(permission):
            raise Forbidden(
                "permission_denied",
                f"This needs the permission {permission}.",
                headers={"WWW-Authenticate": challenge},
            )
        return user

    return permitted


def user_service(
    caller: Callable[..., Awaitable[Principal]],
) -> Callable[..., Awaitable[UserService]]:
    """For the `caller` who may use it: `user_service(require("users:manage"))`."""

    async def build(
        request: Request, session: SessionDep, actor: Annotated[Principal, Depends(caller)]
    ) -> UserService:
        return UserService(
            session,
            registry.get(request, OwnPassword),
            registry.get(request, Reauthentication),
            registry.get(request, Notices),
            actor,
        )

    return build
