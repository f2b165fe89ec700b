"""Facts about the route tree that Starlette keeps to itself."""

from email.message import Message
from functools import cached_property

from fastapi import FastAPI, Request
from fastapi.params import Form
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Receive, Scope, Send

FLIPPED = "app.slash_flipped"
RETRIED = "app.retried"
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class TrailingSlash:
    """Answers `/path/` of a fixed path as `/path` without trying every route first."""

    def __init__(self, app: ASGIApp, *, application: FastAPI) -> None:
        self.app = app
        self.application = application

    @cached_property
    def fixed_paths(self) -> frozenset[str]:
        contexts = iter_route_contexts(self.application.routes)
        return frozenset(context.path for context in contexts if context.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path.endswith("/") and path[:-1] in self.fixed_paths:
                scope["path"] = path[:-1]
        await self.app(scope, receive, send)


class SlashFallback:
    """Answers `/path/` as `/path` and the reverse: no redirect that would repeat a Host header."""

    def __init__(self, router: ASGIApp, not_found: ASGIApp) -> None:
        self.router = router
        self.not_found = not_found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or FLIPPED in scope or path == "/":
            await self.not_found(scope, receive, send)
            return
        flipped = path[:-1] if path.endswith("/") else path + "/"
        scope[FLIPPED] = True
        scope["path"] = flipped
        await self.router(scope, receive, send)


def install_slash_variants(app: FastAPI) -> None:
    app.add_middleware(TrailingSlash, application=app)
    app.router.default = SlashFallback(app.router.app, app.router.default)


def claim_retry(request: Request) -> bool:
    """True the first time: a request is dispatched at most twice."""
    first = RETRIED not in request.scope
    request.scope[RETRIED] = True
    return first


def has_other_content_type(request: Request) -> bool:
    """Whether there is a body, but of another kind than the route reads."""
    field = getattr(request.scope.get("route"), "body_field", None)
    if field is None or request.headers.get("content-length") in (None, "0"):
        return False
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    kind = message.get_content_type()
    if isinstance(field.field_info, Form):
        return kind not in FORMS
    return kind != "application/json" and not kind.endswith("+json")


def allowed_methods(request: Request) -> list[str]:
    """All methods of the path: Starlette names those of the first route that matches it."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        regex = getattr(context, "path_regex", None)
        if regex is not None and regex.match(request.scope["path"]):
            methods |= context.methods or set()
    return sorted(methods)


def route_templates(app: FastAPI) -> dict[int, str]:
    """Path templates with their prefixes, by the identity of the route in the scope."""
    return {
        id(context.original_route): context.path_format or context.path
        for context in iter_route_contexts(app.routes)
        if context.path is not None
    }
