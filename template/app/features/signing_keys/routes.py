"""The public keys of access tokens (RFC 7517), at the root of the service."""

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from app.core import registry
from app.core.http.etag import tag
from app.features.signing_keys.directory import KeyDirectory

PATH = "/.well-known/jwks.json"
CACHE_CONTROL = "public, max-age=30"
"""Shorter than the minute for which a new key does not sign yet."""


class KeySet(BaseModel):
    keys: list[dict[str, str]]


def install(app: FastAPI) -> None:
    app.add_api_route(PATH, read_keys, methods=["GET"], tags=["auth"])


async def read_keys(request: Request, response: Response) -> KeySet:
    """The public keys that verify access tokens."""
    response.headers["Cache-Control"] = CACHE_CONTROL
    keys = registry.get(request, KeyDirectory).verifying()
    return tag(response, KeySet(keys=[key.public_jwk() for key in keys]))
