"""Cross-origin requests: from an exact list of origins, or not at all."""

from http import HTTPStatus

from fastapi import FastAPI
from pydantic import Field, field_validator
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from app.core import registry
from app.core.http.errors import problem
from app.core.settings import CommaList, Settings, SettingsGroup

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "X-Correlation-ID",
)
RESPONSE_HEADERS = ("ETag", "Location", "Retry-After", "X-Correlation-ID")
MAX_AGE_SECONDS = 600
REFUSED = 400
"""What Starlette answers to a preflight it does not allow, as plain text."""


class CorsSettings(SettingsGroup):
    cors_allow_origins: CommaList = Field(default_factory=list)
    """Whose pages may call the API from a browser, e.g. https://app.example.org."""

    @field_validator("cors_allow_origins")
    @classmethod
    def _exact(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            scheme, _, rest = origin.partition("://")
            if scheme not in {"http", "https"} or not rest or set("*/ ") & set(rest):
                raise ValueError("list exact origins, e.g. https://app.example.org; no wildcard")
        return origins


class CorsHeaders:
    def __init__(self) -> None:
        self.accepted = [*REQUEST_HEADERS]
        self.exposed = [*RESPONSE_HEADERS]


def add_headers(app: FastAPI, *, accepted: str, exposed: str) -> None:
    """Of a part, which is installed before the middleware."""
    headers = registry.find(app, CorsHeaders) or registry.add(app, CorsHeaders, CorsHeaders())
    headers.accepted.append(accepted)
    headers.exposed.append(exposed)


def install(app: FastAPI, settings: Settings) -> None:
    headers = registry.find(app, CorsHeaders) or CorsHeaders()
    origins = settings.group(CorsSettings).cors_allow_origins
    if origins:
        app.add_middleware(
            Cors,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=headers.accepted,
            expose_headers=headers.exposed,
            allow_credentials=True,
            max_age=MAX_AGE_SECONDS,
        )


class Cors(CORSMiddleware):
    """Starlette's, with its refusal in the form that every error has here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_refused_preflight(scope):
            refusal = problem(
                scope, HTTPStatus.FORBIDDEN, "origin_refused", "This origin may not ask for this."
            )
            await refusal(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def _is_refused_preflight(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        is_preflight = (
            scope["method"] == "OPTIONS"
            and "origin" in headers
            and "access-control-request-method" in headers
        )
        return is_preflight and self.preflight_response(headers).status_code == REFUSED
