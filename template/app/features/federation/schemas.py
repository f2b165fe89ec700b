import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field, SecretStr, StringConstraints, field_validator

from app.schemas.auth import MAX_TOKEN_LENGTH, Grant, Identifier, Password
from app.schemas.text import StorableText

RedirectUri = Annotated[
    StorableText,
    Field(min_length=1, max_length=2048, examples=["https://app.example.com/signed-in"]),
]
ClientState = Annotated[
    StorableText, Field(min_length=1, max_length=1024, examples=["af0ifjsldkj"])
]
CodeChallenge = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"),
    Field(examples=["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]),
]
ProviderName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$"), Field(examples=["local"])
]
VERIFIER = re.compile(r"[A-Za-z0-9._~-]+")
ProviderPath = Annotated[str, Path(min_length=1, max_length=64)]
Handle = Annotated[StorableText, Field(min_length=1, max_length=256)]
Word = Annotated[StorableText, Field(max_length=4096)]


class AuthorizeRequest(BaseModel, extra="forbid"):
    provider: ProviderName
    redirect_uri: RedirectUri
    state: ClientState
    code_challenge: CodeChallenge
    code_challenge_method: Literal["S256"]
    scope: StorableText | None = Field(None, max_length=1024, examples=["openid"])
    """Accepted for clients that send it; what is asked of a provider is the operator's setting."""
    email: Identifier | None = None
    username: Identifier | None = None
    password: Password | None = None


class AuthorizationAnswer(BaseModel):
    """A code where the login is done, else the address at which a browser begins it."""

    authorization_code: str | None = None
    authorization_url: str | None = None
    state: str
    redirect_uri: str


class ProviderInfo(BaseModel):
    name: str
    display_name: str
    type: Literal["local", "oidc", "oauth2"]
    supports_pkce: bool = True
    scopes: list[str]


class Providers(BaseModel):
    providers: dict[str, ProviderInfo]
    recommended_flow: Literal["authorization_code"] = "authorization_code"
    pkce_required: bool = True


class CodeGrant(Grant):
    grant_type: Literal["authorization_code"]
    code: SecretStr = Field(max_length=MAX_TOKEN_LENGTH, examples=["the code of the redirect"])
    redirect_uri: str = Field(max_length=2048, examples=["https://app.example.com/signed-in"])
    code_verifier: SecretStr = Field(
        min_length=43,
        max_length=128,
        examples=["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"],
        json_schema_extra={"pattern": "^[A-Za-z0-9._~-]+$"},
    )

    @field_validator("code_verifier")
    @classmethod
    def _unreserved(cls, verifier: SecretStr) -> SecretStr:
        if not VERIFIER.fullmatch(verifier.get_secret_value()):
            raise ValueError("holds a character that RFC 7636 does not allow")
        return verifier


class LoginQuery(BaseModel):
    """Either the one-time `request` of POST /auth/authorize, or what that would have been sent."""

    request: Handle | None = None
    redirect_uri: RedirectUri | None = None
    state: ClientState | None = None
    code_challenge: CodeChallenge | None = None
    code_challenge_method: Literal["S256"] = "S256"


class CallbackQuery(BaseModel):
    """What providers add beyond this is ignored."""

    state: Word | None = None
    code: Word | None = None
    iss: Word | None = None
    error: Word | None = None


class LinkRequest(BaseModel, extra="forbid"):
    redirect_uri: RedirectUri
    state: ClientState
    code_challenge: CodeChallenge
    code_challenge_method: Literal["S256"]


class IdentityResponse(BaseModel, from_attributes=True):
    provider: str
    issuer: str
    email: str | None
    created_at: datetime
    last_used_at: datetime


class LogoutRequest(BaseModel, extra="forbid"):
    post_logout_redirect_uri: RedirectUri | None = None
    state: ClientState | None = None

    def parameters(self, allowed: Callable[[str], str]) -> dict[str, str]:
        """`allowed` raises for an address that is on no list."""
        if self.post_logout_redirect_uri is None:
            return {}
        state = {"state": self.state} if self.state else {}
        return {"post_logout_redirect_uri": allowed(self.post_logout_redirect_uri), **state}


class LogoutResponse(BaseModel):
    logout_url: str
