"""What a client keeps while the browser is away (RFC 7636)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

REDIRECT_URI = "https://app.example.org/signed-in"


def _verifier() -> str:
    return secrets.token_urlsafe(48)


@dataclass(frozen=True)
class PkceClient:
    redirect_uri: str = REDIRECT_URI
    state: str = "state of the client"
    verifier: str = field(default_factory=_verifier)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def authorization(self, provider: str, **fields: Any) -> dict[str, Any]:
        """The body of POST /auth/authorize."""
        own = {"redirect_uri": self.redirect_uri, "state": self.state}
        challenge = {"code_challenge": self.challenge, "code_challenge_method": "S256"}
        return {"provider": provider, **own, **challenge, **fields}

    def grant(self, code: str, **fields: str) -> dict[str, str]:
        """The form of POST /auth/token."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **fields,
        }
