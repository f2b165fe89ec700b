from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, model_validator

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


class Grant(BaseModel):
    """What a client exchanges for tokens (RFC 6749); each kind names its `grant_type`."""

    client_id: ClientId | None = None


class PasswordGrant(Grant):
    grant_type: Literal["password"]
    username: Identifier
    password: Password


class RefreshGrant(Grant):
    grant_type: Literal["refresh_token"]
    refresh_token: RefreshToken


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


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current_password: Password
    new_password: Password


class ReauthenticationRequest(RootModel[dict[str, Password]]):
    """One proof of who is asking, by its name."""

    root: Annotated[dict[str, Password], Field(min_length=1, max_length=1)]
