"""The token endpoint's request: an RFC 6749 form, or JSON with the same fields."""

from email.message import Message
from http import HTTPStatus
from typing import Annotated
from typing import Any

from fastapi import Request
from pydantic import Field
from pydantic import TypeAdapter
from pydantic import ValidationError

from app.core.admission import admission_of
from app.core.errors import BodyError
from app.core.errors import OAuthError
from app.core.security import security_of
from app.schemas.auth import CodeGrant
from app.schemas.auth import PasswordGrant
from app.schemas.auth import RefreshGrant

type TokenGrant = PasswordGrant | RefreshGrant | CodeGrant

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
FIELDS = {
    *("grant_type", "client_id", "username", "password", "refresh_token"),
    *("code", "redirect_uri", "code_verifier"),
}
GRANT_TYPES = ("password", "refresh_token", "authorization_code")

_grants: TypeAdapter[TokenGrant] = TypeAdapter(
    Annotated[PasswordGrant | RefreshGrant | CodeGrant, Field(discriminator="grant_type")]
)
# Inline: nothing of FastAPI's would put the grants among the components.
_schema = {"oneOf": list(_grants.json_schema()["$defs"].values())}

OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": _schema}, JSON: {"schema": _schema}},
    }
}


async def token_grant(request: Request) -> TokenGrant:
    """Raises OAuthError with the word of RFC 6749 section 5.2 for whatever is not a known grant."""
    fields = await _fields(request)
    grant_type = fields.get("grant_type")
    if isinstance(grant_type, str) and grant_type and grant_type not in GRANT_TYPES:
        raise OAuthError("unsupported_grant_type", "The grant type is not offered here.")
    try:
        grant = _grants.validate_python(fields)
    except ValidationError as error:
        names = sorted({str(item["loc"][-1]) for item in error.errors() if item["loc"]})
        raise OAuthError("invalid_request", _missing_or_malformed(names)) from None
    security = security_of(request)
    if grant.client_id not in (None, "", security.settings.jwt_client_id):
        raise OAuthError("invalid_client", "The client is not known.")
    if isinstance(grant, PasswordGrant) and not security.password_grant_enabled:
        raise OAuthError("unsupported_grant_type", "The password grant is not offered here.")
    if isinstance(grant, PasswordGrant):
        await admission_of(request).password_seen(request)
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


def _missing_or_malformed(names: list[str]) -> str:
    known = [name for name in names if name in FIELDS]
    return f"Missing or malformed: {', '.join(known) or 'grant_type'}."
