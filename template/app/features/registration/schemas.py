from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.schemas.auth import Password
from app.schemas.user import Email, FullName, Username

MAX_ONE_TIME_TOKEN_LENGTH = 256

OneTimeTokenText = Annotated[
    SecretStr, Field(max_length=MAX_ONE_TIME_TOKEN_LENGTH, examples=["the token of the mail"])
]


class RegisterRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    username: Username
    password: Password
    full_name: FullName | None = None


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: OneTimeTokenText


class PasswordForgotten(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email


class PasswordResetRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: OneTimeTokenText
    new_password: Password


class EmailChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email


class Message(BaseModel):
    message: str
