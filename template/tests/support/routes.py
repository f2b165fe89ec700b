"""Every route the application answers: included routers are one tree, mounts another."""

import re
from collections.abc import Iterator, Sequence

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount

IDENTITY = "0198c0de-0000-7000-8000-000000000000"
"""Fits every parameter of a path, and names nothing that exists."""

type Operation = tuple[str, str]


def operations(app: FastAPI) -> set[Operation]:
    """Methods and path templates; HEAD is what GET answers, without its body."""
    return {(method, path) for method, path in _walked(app.router.routes, "") if method != "HEAD"}


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]+\}", IDENTITY, path)


def _walked(routes: Sequence[BaseRoute], prefix: str) -> Iterator[Operation]:
    for context in iter_route_contexts(routes):
        path = prefix + (context.path or "")
        inner = context.original_route
        if not isinstance(inner, Mount):
            for method in context.methods or {"WEBSOCKET"}:
                yield method, path
        elif inner.routes:
            yield from _walked(inner.routes, path)
        else:
            yield "GET", path + "/{path}"
