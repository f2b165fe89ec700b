"""Routes that create something, and the hook by which a part answers a repeated request.

    router = APIRouter(prefix="/invoices", route_class=CreatingRoute)

A POST of such a router that answers 201 must ask for `SessionDep` and, directly or not, for
`CurrentUser`.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextvars import ContextVar
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.deps import current_user, write_session
from app.core import registry

type Handler = Callable[[Request], Coroutine[Any, Any, Response]]
type Endpoint = Callable[..., Awaitable[Any]]


class RepeatGuard(Protocol):
    async def handle(self, request: Request, handler: Handler, *, keeps_answer: bool) -> Response:
        """Handles the request, or answers it as the first of its kind was answered."""
        ...


class NoRepeatGuard:
    async def handle(self, request: Request, handler: Handler, *, keeps_answer: bool) -> Response:
        return await handler(request)


before_endpoint: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar(
    "before_endpoint", default=None
)
"""Awaited once all dependencies are resolved, so that access was checked before."""


class CreatingRoute(APIRoute):
    keeps_answer = True

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        is_post = "POST" in (options.get("methods") or ())
        self.creates = is_post and options.get("status_code") == HTTPStatus.CREATED
        super().__init__(path, _hooked(endpoint) if self.creates else endpoint, **options)
        if self.creates and not {current_user, write_session} <= set(_calls(self.dependant)):
            raise TypeError(f"POST {path} must ask for SessionDep and CurrentUser")

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        if not self.creates:
            return handler

        async def guarded(request: Request) -> Response:
            guard = registry.get(request, RepeatGuard)
            return await guard.handle(request, handler, keeps_answer=self.keeps_answer)

        return guarded


class SecretCreatingRoute(CreatingRoute):
    """For answers that hold a secret: the answer is not kept, so a repeated request is 409."""

    keeps_answer = False


def _hooked(endpoint: Endpoint) -> Endpoint:
    @wraps(endpoint)
    async def hooked(*arguments: Any, **named: Any) -> Any:
        if (hook := before_endpoint.get()) is not None:
            await hook()
        return await endpoint(*arguments, **named)

    return hooked


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
