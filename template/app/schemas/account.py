from typing import Annotated

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import SecretStr

from app.schemas.auth import Password
from app.schemas.user import Email
from app.schemas.user import FullName
from app.schemas.user import Username

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


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current_password: Password
    new_password: Password


class PasswordForgotten(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email


class PasswordReset(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: OneTimeTokenText
    new_password: Password


class EmailChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email


class Message(BaseModel):
    message: str
