"""Where the limits are enforced: before everything else, and again once the caller is known.

The caller of a token that was seen before is counted at once too, so that a request costs one look
at the store.
"""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from http import HTTPStatus

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import instruments
from app.core.http.errors import TooManyRequests, problem
from app.features.rate_limit.rules import Rules
from app.features.rate_limit.windows import LimitResult, Window, Windows

log = structlog.get_logger("app.rate_limit")

RESULTS = "app.rate_limit.results"
COUNTED = "app.rate_limit.counted"
CODE = "rate_limited"
DETAIL = "Too many requests; try again later."
MAX_KNOWN_TOKENS = 10_000


class RequestRateLimiter:
    """Counts, and refuses by an error; the application's `RateLimiter`."""

    def __init__(self, rules: Rules, windows: Windows) -> None:
        self._rules = rules
        self._windows = windows
        self._subjects: OrderedDict[bytes, str] = OrderedDict()

    async def arrived(self, scope: Scope) -> None:
        windows = self._rules.of(scope)
        if not windows:
            scope[COUNTED] = None
            return
        subject = self._subjects.get(_fingerprint(scope))
        if subject is not None:
            windows += self._rules.of_principal(subject)
            scope[COUNTED] = subject
        await self._count(scope, windows)

    async def password_seen(self, request: Request) -> None:
        await self._count(request.scope, self._rules.of_password(request.scope))

    async def authenticated(self, request: Request, subject: str) -> None:
        scope = request.scope
        if COUNTED in scope:
            return
        scope[COUNTED] = subject
        if fingerprint := _fingerprint(scope):
            self._subjects[fingerprint] = subject
            if len(self._subjects) > MAX_KNOWN_TOKENS:
                self._subjects.popitem(last=False)
        await self._count(scope, self._rules.of_principal(subject))

    async def _count(self, scope: Scope, windows: Sequence[Window]) -> None:
        """Raises TooManyRequests."""
        results = await self._windows.hit(windows)
        scope.setdefault(RESULTS, []).extend(results)
        refused = [result for result in results if result.is_refused]
        if not refused:
            return
        last = max(refused, key=lambda result: result.wait)
        limit, client = last.window.name, scope.get("client")
        instruments.rate_limit_hit(limit)
        log.warning("rate_limit.exceeded", limit=limit, client_ip=client[0] if client else None)
        raise TooManyRequests(CODE, DETAIL, retry_after_seconds=last.wait_seconds)


class RateLimitMiddleware:
    def __init__(self, app: ASGIApp, *, limiter: RequestRateLimiter, with_headers: bool) -> None:
        self.app = app
        self.limiter = limiter
        self.with_headers = with_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and scope.get(RESULTS):
                message["headers"] = [*message.get("headers", ()), *_headers(scope[RESULTS])]
            await send(message)

        sending = send_with_headers if self.with_headers else send
        try:
            await self.limiter.arrived(scope)
        except TooManyRequests as error:
            refusal = problem(
                scope,
                HTTPStatus.TOO_MANY_REQUESTS,
                error.code,
                error.detail,
                headers=error.headers,
            )
            await refusal(scope, receive, sending)
            return
        await self.app(scope, receive, sending)


def _fingerprint(scope: Scope) -> bytes:
    """Of the credentials, which are kept nowhere."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return blake2b(value, digest_size=16).digest()
    return b""


def _headers(results: Sequence[LimitResult]) -> list[tuple[bytes, bytes]]:
    """draft-ietf-httpapi-ratelimit-headers: the quota, and what is left of it for how long."""
    policies = [f'"{v.window.name}";q={v.window.amount};w={v.window.seconds}' for v in results]
    left = [f'"{v.window.name}";r={max(0, v.remaining)};t={v.wait_seconds}' for v in results]
    return [
        (b"ratelimit-policy", ", ".join(policies).encode()),
        (b"ratelimit", ", ".join(left).encode()),
    ]
