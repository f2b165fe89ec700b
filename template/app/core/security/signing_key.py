"""One key that signs and verifies with one algorithm; with `tokens`, all that calls python-jose.

Keys are built once: python-jose takes a thousand times as long to sign with the text of a PEM.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

from jose import jwk
from jose.backends.base import Key

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
