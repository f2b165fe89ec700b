"""Access tokens that nobody issued: a header and claims of the attacker's choice."""

import base64
import hashlib
import hmac
import json
from typing import Any

import orjson

from tests.support.service import SECRET_KEY

type Parts = tuple[dict[str, Any], dict[str, Any]]


def parts(token: str) -> Parts:
    header, claims, _ = token.split(".")
    return orjson.loads(decoded(header)), orjson.loads(decoded(claims))


def forged(header: Any, claims: Any, key: str = SECRET_KEY, digest: str = "sha256") -> str:
    """Signed as JWS asks for, whatever the header says."""
    signed = f"{encoded(_json(header))}.{encoded(_json(claims))}"
    mac = hmac.digest(key.encode(), signed.encode(), getattr(hashlib, digest))
    return f"{signed}.{encoded(mac)}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
