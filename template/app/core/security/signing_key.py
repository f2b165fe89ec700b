"""One key that signs and verifies with one algorithm; with `tokens`, all that calls python-jose.

Keys are built once: python-jose takes a thousand times as long to sign with the text of a PEM.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, Protocol

from jose import jwk
from jose.backends.base import Key

from app.core.security.secret_key import SecretList

type Algorithm = Literal["HS256", "ES256", "RS256"]


@dataclass(frozen=True)
class SigningKey:
    kid: str
    algorithm: Algorithm
    signer: Key
    verifier: Key

    @classmethod
    def hs256(cls, secret: bytes) -> "SigningKey":
        kid = hashlib.sha256(b"kid/" + secret).hexdigest()[:16]
        key = jwk.construct(secret, "HS256")
        return cls(kid, "HS256", key, key)


class KeyRing(Protocol):
    def verifying(self) -> list[SigningKey]: ...

    def signing(self) -> SigningKey: ...

    def find(self, kid: str) -> SigningKey | None: ...


class SecretKeys:
    """The first key signs, all of them verify."""

    def __init__(self, secrets: SecretList) -> None:
        self._secrets = secrets
        self._made: dict[bytes, SigningKey] = {}

    def verifying(self) -> list[SigningKey]:
        secrets = self._secrets.in_use()
        self._made = {one: self._made.get(one) or SigningKey.hs256(one) for one in secrets}
        return list(self._made.values())

    def signing(self) -> SigningKey:
        return self.verifying()[0]

    def find(self, kid: str) -> SigningKey | None:
        return next((key for key in self.verifying() if key.kid == kid), None)
