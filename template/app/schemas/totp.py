from typing import Annotated
from typing import Self

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import SecretStr
from pydantic import model_validator

from app.schemas.auth import MAX_TOKEN_LENGTH
from app.schemas.auth import Password
from app.schemas.auth import TokenResponse

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


class TotpConfirmation(BaseModel):
    model_config = ConfigDict(extra="forbid")

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


class TotpLogin(BaseModel):
    model_config = ConfigDict(extra="forbid")

    challenge: Challenge
    code: Code
    """Of an authenticator, or a recovery code."""


class LoginEnrolment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    challenge: Challenge


class LoginConfirmation(LoginEnrolment):
    code: Code


class EnrolledTokens(TokenResponse, RecoveryCodes):
    """Tokens, and the recovery codes of the factor that the login has set up."""


class ReauthenticationRequest(BaseModel):
    """Either the password or a code."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    password: Password | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.password is None) == (self.code is None):
            raise ValueError("send either password or code")
        return self
