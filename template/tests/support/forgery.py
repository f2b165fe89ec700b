"""Access tokens that nobody issued: a header and claims of the attacker's choice."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import orjson

from tests.support.service import SECRET_KEY, Service

ME = "/api/v1/users/me"
MAX_SECONDS = 0.05

type Parts = tuple[dict[str, Any], dict[str, Any]]


def parts(token: str) -> Parts:
    header, claims, _ = token.split(".")
    return orjson.loads(decoded(header)), orjson.loads(decoded(claims))


def forged(header: Any, claims: Any, key: str = SECRET_KEY, digest: str = "sha256") -> str:
    """Signed as JWS asks for, whatever the header says."""
    signed = f"{encoded(_json(header))}.{encoded(_json(claims))}"
    mac = hmac.digest(key.encode(), signed.encode(), getattr(hashlib, digest))
    return f"{signed}.{encoded(mac)}"


def forgeable(token: str) -> Parts:
    """The claims of a token that was issued, and a header that lets SECRET_KEY sign them."""
    return {"alg": "HS256", "typ": "at+jwt", "kid": kid_of(SECRET_KEY)}, parts(token)[1]


def kid_of(secret: str) -> str:
    return hashlib.sha256(b"kid/" + secret.encode()).hexdigest()[:16]


async def refused(service: Service, token: str) -> str | None:
    """None where the answer is the documented one, in time; else what it was."""
    headers = [(b"Authorization", b"Bearer " + token.encode())]
    timings = []
    for _ in range(3):
        started = time.perf_counter()
        response = await service.client.get(ME, headers=headers)
        timings.append(time.perf_counter() - started)
    challenged = response.headers.get("WWW-Authenticate") == 'Bearer error="invalid_token"'
    is_right = response.status_code == 401 and response.json()["code"] == "invalid_token"
    if is_right and challenged and min(timings) < MAX_SECONDS:
        return None
    return f"{response.status_code} {response.text} in {min(timings):.3f} s"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
