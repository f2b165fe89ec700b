from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from app.features.federation.authorization_schemas import ClientState, CodeChallenge, RedirectUri
from app.schemas.text import StorableText

ProviderPath = Annotated[str, Path(min_length=1, max_length=64)]
Handle = Annotated[StorableText, Field(min_length=1, max_length=256)]
Word = Annotated[StorableText, Field(max_length=4096)]


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


class LinkRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    redirect_uri: RedirectUri
    state: ClientState
    code_challenge: CodeChallenge
    code_challenge_method: Literal["S256"]


class IdentityResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    provider: str
    issuer: str
    email: str | None
    created_at: datetime
    last_used_at: datetime


class LogoutRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

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
