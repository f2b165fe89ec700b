"""The token endpoint's request: an RFC 6749 form, or JSON with the same fields.

A grant is a model, named by its `grant_type`, and the function that redeems it; a part may add one.
"""

from collections.abc import Awaitable, Callable
from email.message import Message
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from pydantic import ValidationError

from app.api import openapi
from app.core import registry
from app.core.http.errors import BodyError, OAuthError
from app.core.http.rate_limiter import RateLimiter
from app.core.security import security_of
from app.schemas.auth import Grant, PasswordGrant, RefreshGrant, TokenResponse
from app.services.auth import AuthService
from app.services.sessions import Sessions

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PATH = "/api/v1/auth/token"


type Redeem[G] = Callable[[G], Awaitable[TokenResponse]]


class TokenGrants:
    """The grants of the token endpoint by `grant_type`."""

    def __init__(self) -> None:
        self._models: dict[str, type[Grant]] = {}
        self._redeem: dict[type[Grant], Redeem[Any]] = {}

    def add[G: Grant](self, grant_type: str, model: type[G], redeem: Redeem[G]) -> None:
        self._models[grant_type] = model
        self._redeem[model] = redeem

    def parse(self, fields: dict[str, Any]) -> Grant:
        """Raises OAuthError with the word of RFC 6749 section 5.2 for an unknown or wrong grant."""
        grant_type = fields.get("grant_type")
        if not isinstance(grant_type, str) or not grant_type:
            raise OAuthError("invalid_request", "Missing or malformed: grant_type.")
        if grant_type not in self._models:
            raise OAuthError("unsupported_grant_type", "The grant type is not offered here.")
        model = self._models[grant_type]
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            names = {str(item["loc"][-1]) for item in error.errors() if item["loc"]}
            known = sorted(names & model.model_fields.keys())
            named = ", ".join(known) or "grant_type"
            raise OAuthError("invalid_request", f"Missing or malformed: {named}.") from None

    async def redeem(self, grant: Grant) -> TokenResponse:
        return await self._redeem[type(grant)](grant)

    def document(self, schema: dict[str, Any]) -> None:
        """Completes the OpenAPI schema. Inline: nothing else refers to the grants."""
        body = {"schema": {"oneOf": [model.model_json_schema() for model in self._redeem]}}
        operation = schema["paths"][PATH]["post"]
        names = ", ".join(f"`{name}`" for name in self._models)
        operation["description"] = f"RFC 6749: {names}, as a form or as JSON."
        operation["requestBody"] = {"required": True, "content": {FORM: body, JSON: body}}


def install(app: FastAPI) -> None:
    auth, sessions = registry.get(app, AuthService), registry.get(app, Sessions)
    grants = TokenGrants()
    grants.add("password", PasswordGrant, auth.password_grant)
    grants.add("refresh_token", RefreshGrant, sessions.refresh)
    registry.add(app, TokenGrants, grants)
    openapi.amend(app, grants.document, before_errors=True)


async def token_grant(request: Request) -> Grant:
    """Raises OAuthError with the word of RFC 6749 section 5.2 for whatever is not a known grant."""
    grant = registry.get(request, TokenGrants).parse(await _fields(request))
    security = security_of(request)
    if grant.client_id not in (None, "", security.settings.jwt_client_id):
        raise OAuthError("invalid_client", "The client is not known.")
    if isinstance(grant, PasswordGrant):
        if not security.password_grant_enabled:
            raise OAuthError("unsupported_grant_type", "The password grant is not offered here.")
        await registry.get(request, RateLimiter).password_seen(request)
    return grant


async def _fields(request: Request) -> dict[str, Any]:
    content_type = Message()
    content_type["content-type"] = request.headers.get("content-type", "")
    kind = content_type.get_content_type()
    if kind == JSON:
        return await _json_fields(request)
    if kind != FORM:
        raise OAuthError("invalid_request", f"The content type must be {FORM} or {JSON}.")
    form = await request.form(max_files=0)
    pairs = form.multi_items()
    if len(pairs) != len(form):
        raise OAuthError("invalid_request", "A parameter is repeated.")
    return dict(pairs)


async def _json_fields(request: Request) -> dict[str, Any]:
    try:
        fields = await request.json()
    except (ValueError, BodyError) as error:
        if isinstance(error, BodyError) and error.status_code != HTTPStatus.BAD_REQUEST:
            raise
        raise OAuthError("invalid_request", "The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise OAuthError("invalid_request", "The body must be a JSON object.")
    return fields
