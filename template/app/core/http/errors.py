"""Errors that a client sees, and the one place that turns them into problem+json (RFC 9457).

AppError
├── BadRequest            400
│   └── OAuthError        400, with the members of RFC 6749 section 5.2
├── Unauthenticated       401
├── Forbidden             403
├── NotFound              404
├── Conflict              409
├── PreconditionFailed    412
├── Unprocessable         422
├── TooManyRequests       429
└── Unavailable           503
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from app.core.database.errors import is_data_error, is_unavailable, violated_constraint
from app.core.http.routing import allowed_methods, claim_retry, has_other_content_type
from app.core.settings import Settings

log = structlog.get_logger("app.errors")

IDEMPOTENT = {"GET", "HEAD"}
MAX_INSTANCE_LENGTH = 256
RETRY_AFTER_SECONDS = 2


class AppError(Exception):
    status: ClassVar[HTTPStatus]

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    def members(self) -> dict[str, Any]:
        """Members of the problem beside the standard ones."""
        return {}


class BadRequest(AppError):
    status = HTTPStatus.BAD_REQUEST


class OAuthError(BadRequest):
    """`error` is a word of RFC 6749 section 5.2; `code` tells more where the RFC has one word."""

    def __init__(self, error: str, detail: str, *, code: str | None = None) -> None:
        super().__init__(code or error, detail)
        self.error = error

    def members(self) -> dict[str, Any]:
        return {"error": self.error, "error_description": self.detail}


class Unauthenticated(AppError):
    """RFC 6750: the challenge names an error only where a token was sent."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, code: str, detail: str, *, challenge: str = "Bearer") -> None:
        super().__init__(code, detail, headers={"WWW-Authenticate": challenge})

    @classmethod
    def invalid_token(cls) -> "Unauthenticated":
        return cls(
            "invalid_token",
            "The access token is not valid.",
            challenge='Bearer error="invalid_token"',
        )


class Forbidden(AppError):
    status = HTTPStatus.FORBIDDEN


class NotFound(AppError):
    status = HTTPStatus.NOT_FOUND


class Conflict(AppError):
    status = HTTPStatus.CONFLICT


class PreconditionFailed(AppError):
    status = HTTPStatus.PRECONDITION_FAILED


class Unprocessable(AppError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooManyRequests(AppError):
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, code: str, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(code, detail, headers={"Retry-After": str(retry_after_seconds)})


class Unavailable(AppError):
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


class BodyError(HTTPException):
    """Raised while a body is read: of all exceptions FastAPI lets only HTTPException through."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code


def install(app: FastAPI, settings: Settings) -> None:
    handlers: dict[type[Exception], Any] = {  # each takes the error that it is registered for
        AppError: _on_app_error,
        HTTPException: _on_http_exception,
        RequestValidationError: _on_validation_error,
        IntegrityError: _on_integrity_error,
        StaleDataError: _on_stale_data,
        DBAPIError: _on_database_error,
        PoolTimeoutError: _on_unavailable,
        TimeoutError: _on_unavailable,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def problem(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": _instance(scope),
        "code": code,
        "correlation_id": scope.get("state", {}).get("correlation_id"),
        **members,
    }
    # ASCII output: a lone surrogate in a client's key would not encode as UTF-8.
    content = json.dumps(body, ensure_ascii=True).encode()
    return Response(
        content,
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


def _instance(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or b""
    return raw.partition(b"?")[0][:MAX_INSTANCE_LENGTH].decode("ascii", "replace")


async def _on_app_error(request: Request, error: AppError) -> Response:
    members = error.members()
    return problem(
        request.scope, error.status, error.code, error.detail, headers=error.headers, **members
    )


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request))
    code = HTTPStatus(error.status_code).name.lower()
    if isinstance(error, BodyError):
        code = error.code
    return problem(request.scope, error.status_code, code, str(error.detail), headers=headers)


async def _on_validation_error(request: Request, error: RequestValidationError) -> Response:
    """Neither the input nor the context is repeated: both may hold a password."""
    if has_other_content_type(request):
        return problem(
            request.scope,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body is not of a content type that this route reads.",
        )
    errors = [
        {"loc": list(item["loc"]), "msg": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    return problem(
        request.scope,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "validation_failed",
        "The request does not have the documented shape.",
        errors=errors,
    )


async def _on_integrity_error(request: Request, error: IntegrityError) -> Response:
    constraint = violated_constraint(error)
    if constraint is None or not constraint.startswith("uq_"):
        log.warning("database.constraint_violated", constraint=constraint)
        conflict = Conflict("conflict", "The change contradicts stored data.")
    else:
        column = constraint.removeprefix("uq_").partition("_")[2]
        conflict = Conflict(f"{column}_taken", f"The {column} is already in use.")
    return await _on_app_error(request, conflict)


async def _on_stale_data(request: Request, _: StaleDataError) -> Response:
    """Two requests changed one row: the second would have overwritten what it never saw."""
    return await _on_app_error(
        request, PreconditionFailed("state_changed", "The resource was changed meanwhile.")
    )


async def _on_database_error(request: Request, error: DBAPIError) -> Response:
    """An idempotent read is retried once on another connection; the rest is 503 or a bug."""
    if is_data_error(error):  # the last net: a value that no schema bounded
        return await _on_app_error(
            request, Unprocessable("invalid_value", "The database cannot store one of the values.")
        )
    if not is_unavailable(error):
        raise error
    if error.connection_invalidated and request.method in IDEMPOTENT and claim_retry(request):
        log.warning("database.read_retried")
        return cast("Response", request.app.router)  # an ASGI application, as a response is
    return await _on_unavailable(request, error)


async def _on_unavailable(request: Request, error: Exception) -> Response:
    """A database that is away, full or out of connections; its words stay in the log."""
    log.error("database.failed", error=type(error).__name__, cause=str(error.__cause__))
    return await _on_app_error(
        request, Unavailable("database_unavailable", "The database cannot answer now.")
    )
