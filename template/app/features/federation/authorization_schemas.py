import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

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


class AuthorizeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

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
