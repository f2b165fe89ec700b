from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from app.schemas.auth import MAX_TOKEN_LENGTH, TokenResponse

MAX_CODE_LENGTH = 64
Code = Annotated[SecretStr, Field(max_length=MAX_CODE_LENGTH, examples=["287082"])]
Challenge = Annotated[
    SecretStr, Field(max_length=MAX_TOKEN_LENGTH, examples=["the challenge of the login"])
]


class TotpEnrolment(BaseModel):
    secret: str
    """Base32; shown once."""
    otpauth_uri: str
    """The same for a QR code."""


class TotpConfirmation(BaseModel, extra="forbid"):
    code: Code


class TotpReplacement(TotpEnrolment):
    replacement: str
    """Confirms it, with a code of the new authenticator."""


class ReplacementConfirmation(TotpConfirmation):
    replacement: Annotated[
        SecretStr, Field(max_length=MAX_TOKEN_LENGTH, examples=["what the first step answered"])
    ]


class RecoveryCodes(BaseModel):
    recovery_codes: list[str]
    """Shown once; each works once."""


class TotpLogin(BaseModel, extra="forbid"):
    challenge: Challenge
    code: Code
    """Of an authenticator, or a recovery code."""


class LoginEnrolment(BaseModel, extra="forbid"):
    challenge: Challenge


class LoginConfirmation(LoginEnrolment):
    code: Code


class EnrolledTokens(TokenResponse, RecoveryCodes):
    """Tokens, and the recovery codes of the factor that the login has set up."""
