"""Around every request: its correlation id, one log line, the last resort for errors."""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from random import getrandbits

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import instruments, registry, request_info
from app.core.health import Health
from app.core.http import errors
from app.core.http.routing import route_templates
from app.core.logging import LoggingSettings
from app.core.request_info import RequestInfo
from app.core.settings import Settings

CORRELATION_HEADER = b"x-correlation-id"
CLOSE = (b"connection", b"close")
"""While the process drains, clients are asked to come back on another connection."""
ACCEPTED_CORRELATION_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
FAILED = (
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal_error",
    "The service failed; the correlation id finds the cause in its log.",
)
MAX_LOGGED_PATH = 512
MAX_USER_AGENT_BYTES = 255


def install(app: FastAPI, settings: Settings) -> None:
    share = settings.group(LoggingSettings).log_access_sample_ratio
    app.add_middleware(RequestContext, application=app, logged_share=share)


class RequestContext:
    def __init__(self, app: ASGIApp, *, application: FastAPI, logged_share: float) -> None:
        self.app = app
        self.logged_share = logged_share
        self.logged_debt = 0.0
        self.application = application
        self.log = structlog.get_logger("app.request").bind()
        self.health: Health = registry.get(application, Health)
        self.templates: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"][:MAX_LOGGED_PATH]
        correlation_id = _correlation_id(scope["headers"])
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        request_info.set_current(_origin(scope, correlation_id))
        correlation_header = (CORRELATION_HEADER, correlation_id.encode())
        health = self.health
        status = 0
        instruments.request_started(scope["method"])

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = [*message.get("headers", ()), correlation_header]
                message["headers"] = [*headers, CLOSE] if health.is_draining else headers
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:  # the edge of the process: logged, and answered if still possible
            self.log.exception("request.failed")
            if status == 0:
                with suppress(OSError):
                    await errors.problem(scope, *FAILED)(scope, receive, send_with_id)
        finally:
            self._completed(scope, path, status, time.perf_counter() - started)

    def _completed(self, scope: Scope, path: str, status: int, seconds: float) -> None:
        client = scope.get("client")
        route = self._route(scope)
        instruments.request_finished(scope["method"], route, status, seconds)
        if not self._is_logged(status):
            return
        self.log.info(
            "request.completed",
            method=scope["method"],
            route=route,
            path=path,
            status=status,
            duration_ms=round(seconds * 1000, 3),
            client_ip=client[0] if client else None,
        )

    def _is_logged(self, status: int) -> bool:
        """Every error, and of the others an even share."""
        if status >= HTTPStatus.BAD_REQUEST:
            return True
        self.logged_debt += self.logged_share
        if self.logged_debt < 1:
            return False
        self.logged_debt -= 1
        return True

    def _route(self, scope: Scope) -> str | None:
        """The template with its prefix; None where nothing matched. Routes may be added late."""
        key = id(scope.get("route"))
        if key not in self.templates and "route" in scope:
            self.templates = route_templates(self.application)
        return self.templates.get(key)


def _origin(scope: Scope, correlation_id: str) -> RequestInfo:
    client = scope.get("client")
    agents = (value for name, value in scope["headers"] if name == b"user-agent")
    agent = next(agents, b"")[:MAX_USER_AGENT_BYTES].decode("ascii", "replace")
    return RequestInfo(client[0] if client else None, agent or None, correlation_id)


def _correlation_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == CORRELATION_HEADER and ACCEPTED_CORRELATION_ID.fullmatch(value):
            return value.decode()
    # Unique, not secret: a system call for each would cost a tenth of a small request.
    return f"{getrandbits(128):032x}"
