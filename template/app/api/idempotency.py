"""Idempotency-Key: a POST that is sent again is answered again, and creates nothing.

    router = APIRouter(prefix="/invoices", route_class=IdempotentRoute)

Each POST of this router that answers 201 then takes the header. The endpoint must ask for
`SessionDep` and, by whatever way, for `CurrentUser`: keys are kept per caller and path.
"""

import hashlib
import re
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterator
from contextvars import ContextVar
from functools import wraps
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi import Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.deps import CALLER
from app.api.deps import WRITE_SESSION
from app.api.deps import current_user
from app.api.deps import write_session
from app.core.database import WriteSession
from app.core.errors import Conflict
from app.core.errors import Unprocessable
from app.core.idempotency import Answer
from app.core.idempotency import Idempotency
from app.core.principal import Principal

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

type Handler = Callable[[Request], Coroutine[Any, Any, Response]]
type Endpoint = Callable[..., Awaitable[Any]]


class IdempotentRoute(APIRoute):
    keeps_answer = True

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        creates = options.get("status_code") == HTTPStatus.CREATED
        self.takes_key = creates and "POST" in (options.get("methods") or ())
        if self.takes_key:
            extra = options.get("openapi_extra") or {}
            parameters = [*extra.get("parameters", ()), PARAMETER]
            options["openapi_extra"] = {**extra, "parameters": parameters}
            endpoint = _answered_once(endpoint)
        super().__init__(path, endpoint, **options)
        if self.takes_key and not {current_user, write_session} <= set(_calls(self.dependant)):
            raise TypeError(f"POST {path} must ask for SessionDep and CurrentUser")

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        if not self.takes_key:
            return handle

        async def handle_once(request: Request) -> Response:
            if HEADER not in request.headers:
                return await handle(request)
            return await _handle_once(handle, request, keeps_answer=self.keeps_answer)

        return handle_once


class SecretRoute(IdempotentRoute):
    """For answers that hold a secret: none is stored, so a repeated request is 409."""

    keeps_answer = False


class _Attempt:
    def __init__(self, request: Request, body: bytes, *, keeps_answer: bool) -> None:
        self._request = request
        self._keeps_answer = keeps_answer
        self._idempotency: Idempotency = request.app.state.idempotency
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
        answer = Answer(response.status_code, kept, body)
        await self._idempotency.keep(session, self._key, self._content, answer)

    def end(self) -> None:
        if self._key is not None:
            self._idempotency.end(self._key)


class _Replay(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


_attempt: ContextVar[_Attempt | None] = ContextVar("idempotent_attempt", default=None)


async def _handle_once(handle: Handler, request: Request, *, keeps_answer: bool) -> Response:
    attempt = _Attempt(request, await request.body(), keeps_answer=keeps_answer)
    token = _attempt.set(attempt)
    try:
        response = await handle(request)
        await attempt.complete(response)
    except _Replay as replay:
        return replay.response
    else:
        return response
    finally:
        _attempt.reset(token)
        attempt.end()


def _answered_once(endpoint: Endpoint) -> Endpoint:
    """Here and not before: who may not do this now does not learn what was answered either."""

    @wraps(endpoint)
    async def answered_once(*arguments: Any, **named: Any) -> Any:
        attempt = _attempt.get()
        if attempt is not None:
            await attempt.begin()
        return await endpoint(*arguments, **named)

    return answered_once


def _checked_key(request: Request) -> str:
    keys = request.headers.getlist(HEADER)
    if len(keys) != 1 or KEY.fullmatch(keys[0]) is None:
        raise Unprocessable(
            "idempotency_key_malformed", "The key is 1 to 255 visible ASCII characters, once."
        )
    return keys[0]


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
