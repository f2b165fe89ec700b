"""Access tokens (RFC 9068): issued, and verified before anybody is let in.

A library of JWT lets a header choose too much. So this module refuses a wrong shape, encoding or
header before the library verifies the signature, and checks the claims itself afterwards.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.security.signing_key import InvalidSignatureError, SigningKey

TYPE = "at+jwt"
MAX_TOKEN_BYTES = 8192
LEEWAY_SECONDS = 30
SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
HEADER_NAMES = {"alg", "typ", "kid"}


class KeyRing(Protocol):
    def signing(self) -> SigningKey: ...

    def find(self, kid: str) -> SigningKey | None: ...


class SecretKeys:
    """The first secret signs, all of them verify. They are asked for at each use."""

    def __init__(self, secrets: Callable[[], list[bytes]]) -> None:
        self._secrets = secrets

    def signing(self) -> SigningKey:
        return _signing_key(self._secrets()[0])

    def find(self, kid: str) -> SigningKey | None:
        return next((key for key in map(_signing_key, self._secrets()) if key.kid == kid), None)


_signing_key = lru_cache(maxsize=4)(SigningKey.of_secret)
"""To make one takes longer than to sign."""


class InvalidTokenError(Exception):
    """The token is not one of ours, or no longer; the reason is for the log only."""


@dataclass(frozen=True)
class AccessClaims:
    user_id: UUID
    session_id: UUID
    expires_at: datetime


class _Claims(BaseModel):
    """Each is required. Strict: a number in a text, or a text in a list, is not accepted."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    iss: str
    sub: UUID
    aud: str
    exp: int
    iat: int
    nbf: int
    jti: str
    sid: UUID
    client_id: str


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
        self._parties = (issuer, audience, client_id)
        self._max_lifetime = max_lifetime

    def issue(
        self, user_id: UUID, session_id: UUID, *, roles: list[str], scope: str
    ) -> tuple[str, timedelta]:
        """The token and how long it lives."""
        issuer, audience, client_id = self._parties
        issued_at = int(clock.now().timestamp())
        claims = {
            "iss": issuer,
            "sub": str(user_id),
            "aud": audience,
            "exp": issued_at + int(self._max_lifetime.total_seconds()),
            "iat": issued_at,
            "nbf": issued_at,
            "jti": str(uuid7()),
            "sid": str(session_id),
            "scope": scope,
            "roles": roles,
            "client_id": client_id,
        }
        return self.ring.signing().sign(TYPE, orjson.dumps(claims)), self._max_lifetime

    def verify(self, token: str) -> AccessClaims:
        """Raises InvalidTokenError, and nothing else, for whatever is not a live token of ours."""
        key = self._key_of(_checked_header(token))
        try:
            claims = _Claims.model_validate_json(key.verify(token))
        except (InvalidSignatureError, ValidationError) as error:
            raise InvalidTokenError(type(error).__name__) from error
        if (claims.iss, claims.aud, claims.client_id) != self._parties:
            raise InvalidTokenError("iss, aud or client_id")
        self._check_times(claims)
        return AccessClaims(claims.sub, claims.sid, clock.from_timestamp(claims.exp))

    def _key_of(self, header: Mapping[str, Any]) -> SigningKey:
        kid = header.get("kid")
        key = self.ring.find(kid) if isinstance(kid, str) else None
        if key is None or header.get("alg") != key.algorithm:
            raise InvalidTokenError("unknown key")
        return key

    def _check_times(self, claims: _Claims) -> None:
        now = clock.now().timestamp()
        if max(claims.iat, claims.nbf) > now + LEEWAY_SECONDS:
            raise InvalidTokenError("not valid yet")
        if claims.exp <= now - LEEWAY_SECONDS:
            raise InvalidTokenError("expired")
        if claims.exp - claims.iat > self._max_lifetime.total_seconds():
            raise InvalidTokenError("lifetime")


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
