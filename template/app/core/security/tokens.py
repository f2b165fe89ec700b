"""Access tokens (RFC 9068) and the keys that sign them: all that calls python-jose.

python-jose lets a header choose too much, so everything a header or an encoding can get wrong is
refused before it is called, and whatever it raises becomes one error. Keys are built once: it takes
a thousand times as long to sign with the text of a PEM.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

import orjson
from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.security.secret_key import SecretList

TYPE = "at+jwt"
MAX_TOKEN_BYTES = 8192
LEEWAY_SECONDS = 30
SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
HEADER_NAMES = {"alg", "typ", "kid"}
REQUIRED_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "nbf", "jti")
DECODE_OPTIONS = {f"require_{claim}": True for claim in REQUIRED_CLAIMS} | {
    "leeway": LEEWAY_SECONDS
}

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


class InvalidTokenError(Exception):
    """The token is not one of ours, or no longer; the reason is for the log only."""


@dataclass(frozen=True)
class AccessClaims:
    user_id: UUID
    session_id: UUID
    expires_at: datetime


class AccessTokens:
    def __init__(
        self,
        ring: KeyRing,
        *,
        issuer: str,
        audience: str,
        client_id: str,
        max_lifetime: timedelta,
    ) -> None:
        self.ring = ring
        self._issuer = issuer
        self._audience = audience
        self._client_id = client_id
        self._max_lifetime = max_lifetime

    def issue(
        self, user_id: UUID, session_id: UUID, *, roles: list[str], scope: str
    ) -> tuple[str, timedelta]:
        """The token and how long it lives."""
        issued_at = int(clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "sub": str(user_id),
            "aud": self._audience,
            "exp": issued_at + int(self._max_lifetime.total_seconds()),
            "iat": issued_at,
            "nbf": issued_at,
            "jti": str(uuid7()),
            "sid": str(session_id),
            "scope": scope,
            "roles": roles,
            "client_id": self._client_id,
        }
        key = self.ring.signing()
        headers = {"typ": TYPE, "kid": key.kid}
        return jwt.encode(claims, key.signer, key.algorithm, headers), self._max_lifetime

    def verify(self, token: str) -> AccessClaims:
        """Raises InvalidTokenError, and nothing else, for whatever is not a live token of ours."""
        key = self._key_of(_checked_header(token))
        try:
            claims = jwt.decode(
                token,
                key.verifier,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                options=DECODE_OPTIONS,
            )
            return self._checked_claims(claims)
        except (
            JOSEError,
            AttributeError,
            KeyError,
            OverflowError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise InvalidTokenError(type(error).__name__) from error

    def _key_of(self, header: Mapping[str, Any]) -> SigningKey:
        kid = header.get("kid")
        key = self.ring.find(kid) if isinstance(kid, str) else None
        if key is None or header.get("alg") != key.algorithm:
            raise InvalidTokenError("unknown key")
        return key

    def _checked_claims(self, claims: Mapping[str, Any]) -> AccessClaims:
        lifetime = timedelta(seconds=claims["exp"] - claims["iat"])
        if claims["client_id"] != self._client_id or lifetime > self._max_lifetime:
            raise InvalidTokenError("client_id or lifetime")
        if claims["aud"] != self._audience:
            raise InvalidTokenError("audience")
        return AccessClaims(
            user_id=UUID(claims["sub"]),
            session_id=UUID(claims["sid"]),
            expires_at=clock.from_timestamp(claims["exp"]),
        )


def _checked_header(token: str) -> Mapping[str, Any]:
    if len(token) > MAX_TOKEN_BYTES or SHAPE.fullmatch(token) is None:
        raise InvalidTokenError("shape")
    parts = [_decoded(part) for part in token.split(".")]
    try:
        header = orjson.loads(parts[0])
    except orjson.JSONDecodeError as error:
        raise InvalidTokenError("header") from error
    if not isinstance(header, dict) or header.get("typ") != TYPE or header.keys() - HEADER_NAMES:
        raise InvalidTokenError("header")
    return header


def _decoded(part: str) -> bytes:
    """Refuses what is not canonical: two spellings of one signature would be two tokens."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise InvalidTokenError("encoding") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != part:
        raise InvalidTokenError("encoding")
    return data
