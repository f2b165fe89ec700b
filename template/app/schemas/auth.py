import re
from typing import Annotated
from typing import Literal
from typing import Self
from uuid import UUID

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import SecretStr
from pydantic import field_validator
from pydantic import model_validator

from app.schemas.text import StorableText

MAX_PASSWORD_LENGTH = 1024
MAX_IDENTIFIER_LENGTH = 254
MAX_TOKEN_LENGTH = 8192
Identifier = Annotated[StorableText, Field(max_length=MAX_IDENTIFIER_LENGTH, examples=["ada"])]
Password = Annotated[
    SecretStr, Field(max_length=MAX_PASSWORD_LENGTH, examples=["plum otter violin seventy"])
]
RefreshToken = Annotated[
    SecretStr, Field(max_length=MAX_TOKEN_LENGTH, examples=["the refresh_token of the last answer"])
]
ClientId = Annotated[StorableText, Field(max_length=MAX_IDENTIFIER_LENGTH, examples=["my-service"])]
VERIFIER = re.compile(r"[A-Za-z0-9._~-]+")


class LoginRequest(BaseModel):
    """Either an email or a username."""

    # Not `oneOf`: generators make two classes of it, neither of which has the password.
    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 2})

    email: Identifier | None = None
    username: Identifier | None = None
    password: Password

    @model_validator(mode="after")
    def _one_identifier(self) -> Self:
        if (self.email is None) == (self.username is None):
            raise ValueError("send either email or username")
        return self

    @property
    def identifier(self) -> str:
        return self.email or self.username or ""


class RefreshRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: RefreshToken


class PasswordGrant(BaseModel):
    grant_type: Literal["password"]
    username: Identifier
    password: Password
    client_id: ClientId | None = None


class RefreshGrant(BaseModel):
    grant_type: Literal["refresh_token"]
    refresh_token: RefreshToken
    client_id: ClientId | None = None


class CodeGrant(BaseModel):
    grant_type: Literal["authorization_code"]
    code: SecretStr = Field(max_length=MAX_TOKEN_LENGTH, examples=["the code of the redirect"])
    redirect_uri: str = Field(max_length=2048, examples=["https://app.example.com/signed-in"])
    code_verifier: SecretStr = Field(
        min_length=43,
        max_length=128,
        examples=["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"],
        json_schema_extra={"pattern": "^[A-Za-z0-9._~-]+$"},
    )
    client_id: ClientId | None = None

    @field_validator("code_verifier")
    @classmethod
    def _unreserved(cls, verifier: SecretStr) -> SecretStr:
        if not VERIFIER.fullmatch(verifier.get_secret_value()):
            raise ValueError("holds a character that RFC 7636 does not allow")
        return verifier


class TokenResponse(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    """Seconds."""
    refresh_token: str
    scope: str
    user_id: UUID
    email: str
    username: str
    is_new_user: bool = False
