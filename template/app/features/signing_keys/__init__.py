"""Access tokens signed by ES256 or RS256, with a directory of keys that rotate, and a JWKS."""

from fastapi import FastAPI

from app.core import lifespan, registry
from app.core.security import Security
from app.core.settings import Settings
from app.features.signing_keys import routes
from app.features.signing_keys.settings import key_directory


def install(app: FastAPI, settings: Settings) -> None:
    routes.install(app)
    directory = key_directory(settings)
    if directory is None:
        return
    registry.get(app, Security).use_ring(directory)

    async def reread() -> None:
        directory.reread()

    seconds = settings.runtime.secrets_reload_seconds
    lifespan.add(app, lambda: lifespan.repeated(reread, seconds))
