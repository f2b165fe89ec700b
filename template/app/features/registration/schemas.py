from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from app.schemas.auth import Password
from app.schemas.user import Email, FullName, Username

MAX_ONE_TIME_TOKEN_LENGTH = 256

OneTimeTokenText = Annotated[
    SecretStr, Field(max_length=MAX_ONE_TIME_TOKEN_LENGTH, examples=["the token of the mail"])
]


class RegisterRequest(BaseModel, extra="forbid"):
    email: Email
    username: Username
    password: Password
    full_name: FullName | None = None


class TokenRequest(BaseModel, extra="forbid"):
    token: OneTimeTokenText


class PasswordForgotten(BaseModel, extra="forbid"):
    email: Email


class PasswordResetRequest(BaseModel, extra="forbid"):
    token: OneTimeTokenText
    new_password: Password


class EmailChange(BaseModel, extra="forbid"):
    email: Email


class Message(BaseModel):
    message: str
