"""What an application is made of, found by type: `registry.get(request, Database)`."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from fastapi import FastAPI, Request


def add[T](app: FastAPI, kind: type[T], part: T) -> T:
    """Registers the part of this kind, in place of an earlier one."""
    _parts(app)[kind] = part
    return part


def get[T](source: FastAPI | Request, kind: type[T]) -> T:
    """Raises KeyError where no part of this kind is installed."""
    app = source.app if isinstance(source, Request) else source
    return cast("T", _parts(app)[kind])


def provide[T](kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency of endpoints: `Annotated[Database, Depends(registry.provide(Database))]`."""

    async def provided(request: Request) -> T:
        return get(request, kind)

    return provided


def find[T](app: FastAPI, kind: type[T]) -> T | None:
    """None where no part of this kind is installed."""
    return cast("T | None", _parts(app).get(kind))


def _parts(app: FastAPI) -> dict[type, Any]:
    if not hasattr(app.state, "registered_parts"):
        app.state.registered_parts = {}
    parts: dict[type, Any] = app.state.registered_parts
    return parts
