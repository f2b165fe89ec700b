"""Idempotency-Key: a POST that is sent again is answered again, and creates nothing.

Keys are kept per caller and path. Each POST of a `CreatingRoute` that answers 201 takes the header.
Such a route must ask for `SessionDep` and, directly or not, for `CurrentUser`.
"""

import hashlib
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from app.api.creating_route import CreatingRoute, Handler, before_endpoint
from app.api.deps import CALLER, WRITE_SESSION, current_user, write_session
from app.core import registry
from app.core.database import WriteSession
from app.core.http.errors import Conflict, Unprocessable
from app.core.security.principal import Principal
from app.features.idempotency.store import Idempotency, KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("content-type", "location", "etag")
KEY = re.compile(r"[!-~]{1,255}")
PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A request that is sent again with the same key is answered again.",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
}


class IdempotencyGuard:
    async def handle(self, request: Request, handler: Handler, *, keeps_answer: bool) -> Response:
        if HEADER not in request.headers:
            return await handler(request)
        attempt = _Attempt(request, await request.body(), keeps_answer=keeps_answer)
        token = before_endpoint.set(attempt.begin)
        try:
            response = await handler(request)
            await attempt.complete(response)
        except _Replay as replay:
            return replay.response
        else:
            return response
        finally:
            before_endpoint.reset(token)
            attempt.end()


class _Attempt:
    def __init__(self, request: Request, body: bytes, *, keeps_answer: bool) -> None:
        self._request = request
        self._keeps_answer = keeps_answer
        self._idempotency = registry.get(request, Idempotency)
        self._content = request.scope["query_string"] + b"\0" + body
        self._header = _checked_key(request)
        self._key: str | None = None

    async def begin(self) -> None:
        """Raises what ends the request here; called with all dependencies at hand."""
        caller: Principal = self._request.scope[CALLER]
        parts = (str(caller.id), self._request.url.path, self._header)
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        self._idempotency.begin(key)
        self._key = key
        answer = await self._idempotency.find(key, self._content)
        if answer is None:
            return
        if answer.body is None:
            raise Conflict("already_done", "This was done before; its answer was not kept.")
        headers = {**answer.headers, REPLAYED: "true"}
        raise _Replay(Response(answer.body, answer.status, headers))

    async def complete(self, response: Response) -> None:
        """Before the transaction of the request is committed."""
        if self._key is None or response.status_code != HTTPStatus.CREATED:
            return
        session: WriteSession = self._request.scope[WRITE_SESSION]
        kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        body = bytes(response.body) if self._keeps_answer else None
        answer = KeptAnswer(response.status_code, kept, body)
        await self._idempotency.keep(session, self._key, self._content, answer)

    def end(self) -> None:
        if self._key is not None:
            self._idempotency.end(self._key)


class _Replay(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def document(app: FastAPI, schema: dict[str, Any]) -> None:
    """Completes the OpenAPI schema: each operation that creates something takes the header."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, CreatingRoute) and route.creates:
            _require_caller_and_session(route)
            operation = schema["paths"].get(context.path_format, {}).get("post")
            if operation is not None:  # else the route is not in the schema
                operation.setdefault("parameters", []).append(PARAMETER)


def _require_caller_and_session(route: CreatingRoute) -> None:
    if not {current_user, write_session} <= set(_calls(route.dependant)):
        raise TypeError(f"POST {route.path} must ask for SessionDep and CurrentUser")


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def _checked_key(request: Request) -> str:
    keys = request.headers.getlist(HEADER)
    if len(keys) != 1 or KEY.fullmatch(keys[0]) is None:
        raise Unprocessable(
            "idempotency_key_malformed", "The key is 1 to 255 visible ASCII characters, once."
        )
    return keys[0]
