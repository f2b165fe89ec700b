"""The public keys of access tokens (RFC 7517), at the root of the service."""

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from app.core.http.etag import tag
from app.core.security import security_of
from app.features.signing_keys.asymmetric import public_jwk

PATH = "/.well-known/jwks.json"
CACHE_CONTROL = "public, max-age=30"
"""Shorter than the minute for which a new key does not sign yet."""


class KeySet(BaseModel):
    keys: list[dict[str, str]]
    """Empty for HS256, which has no public keys."""


def install(app: FastAPI) -> None:
    app.add_api_route(PATH, read_keys, methods=["GET"], tags=["auth"])


async def read_keys(request: Request, response: Response) -> KeySet:
    """The keys that verify access tokens, for ES256 and RS256; empty for HS256."""
    response.headers["Cache-Control"] = CACHE_CONTROL
    keys = security_of(request).ring.verifying()
    return tag(response, KeySet(keys=[public_jwk(key) for key in keys if key.algorithm != "HS256"]))
