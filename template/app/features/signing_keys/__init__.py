"""Access tokens signed by ES256 or RS256, with a directory of keys that rotate, and a JWKS."""

from fastapi import FastAPI

from app.core import lifespan, registry
from app.core.security import Security
from app.core.security.signing_key import SigningKey
from app.core.security.tokens import KeyRing
from app.core.settings import Settings
from app.features.signing_keys import routes
from app.features.signing_keys.directory import KeyDirectory
from app.features.signing_keys.settings import key_directory

REREAD_SECONDS = 10.0


class SigningKeys:
    """The directory signs. A token that SECRET_KEY signed before it did works until it expires."""

    def __init__(self, directory: KeyDirectory, before: KeyRing) -> None:
        self._directory = directory
        self._before = before

    def signing(self) -> SigningKey:
        return self._directory.signing()

    def find(self, kid: str) -> SigningKey | None:
        return self._before.find(kid) or self._directory.find(kid)


def install(app: FastAPI, settings: Settings) -> None:
    directory = registry.add(app, KeyDirectory, key_directory(settings))
    tokens = registry.get(app, Security).access_tokens
    tokens.ring = SigningKeys(directory, tokens.ring)
    routes.install(app)

    async def reread() -> None:
        directory.reread()

    lifespan.add(app, lambda: lifespan.repeated(reread, REREAD_SECONDS))
