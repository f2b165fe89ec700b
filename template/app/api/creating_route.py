"""Routes that create something, and the hook by which a part answers a repeated request.

A router takes them by `APIRouter(prefix="/invoices", route_class=CreatingRoute)`.
"""

from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.core import registry

type Handler = Callable[[Request], Coroutine[Any, Any, Response]]
type Endpoint = Callable[..., Awaitable[Any]]


class RepeatGuard(Protocol):
    async def handle(self, request: Request, handler: Handler, *, keeps_answer: bool) -> Response:
        """Handles the request, or answers it as the first of its kind was answered."""
        ...


before_endpoint: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar(
    "before_endpoint", default=None
)
"""Awaited once all dependencies are resolved, so that access was checked before."""


class CreatingRoute(APIRoute):
    keeps_answer = True
    """False where the answer holds a secret."""

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        is_post = "POST" in (options.get("methods") or ())
        self.creates = is_post and options.get("status_code") == HTTPStatus.CREATED
        super().__init__(path, _hooked(endpoint) if self.creates else endpoint, **options)

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            guard = registry.find(request.app, RepeatGuard)
            if guard is None:
                return await handler(request)
            return await guard.handle(request, handler, keeps_answer=self.keeps_answer)

        return guarded if self.creates else handler


def _hooked(endpoint: Endpoint) -> Endpoint:
    @wraps(endpoint)
    async def hooked(*arguments: Any, **named: Any) -> Any:
        if (hook := before_endpoint.get()) is not None:
            await hook()
        return await endpoint(*arguments, **named)

    return hooked
