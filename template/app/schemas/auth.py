import re
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
VERIFIER = re.compile(r"[A-Za-z0-9._~-]+")


class LoginRequest(BaseModel):
    """Either an email or a username."""

    # Not `oneOf`: generators make two classes of it, neither of which has the password.
    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 2})

    email: StorableText | None = Field(None, max_length=MAX_IDENTIFIER_LENGTH)
    username: StorableText | None = Field(None, max_length=MAX_IDENTIFIER_LENGTH)
    password: SecretStr = Field(max_length=MAX_PASSWORD_LENGTH)

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

    refresh_token: SecretStr = Field(max_length=MAX_TOKEN_LENGTH)


class PasswordGrant(BaseModel):
    grant_type: Literal["password"]
    username: StorableText = Field(max_length=MAX_IDENTIFIER_LENGTH)
    password: SecretStr = Field(max_length=MAX_PASSWORD_LENGTH)
    client_id: StorableText | None = None


class RefreshGrant(BaseModel):
    grant_type: Literal["refresh_token"]
    refresh_token: SecretStr = Field(max_length=MAX_TOKEN_LENGTH)
    client_id: StorableText | None = None


class CodeGrant(BaseModel):
    grant_type: Literal["authorization_code"]
    code: SecretStr = Field(max_length=MAX_TOKEN_LENGTH)
    redirect_uri: str = Field(max_length=2048)
    code_verifier: SecretStr = Field(
        min_length=43, max_length=128, json_schema_extra={"pattern": "^[A-Za-z0-9._~-]+$"}
    )
    client_id: StorableText | None = None

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
