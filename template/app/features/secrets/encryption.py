"""Other ENCRYPTION_KEYS while the service runs."""

from fastapi import FastAPI

from app.core import registry
from app.core.security import Security
from app.core.settings import Settings
from app.features.encryption import PURPOSE, Encryption, EncryptionSettings
from app.features.secrets.keys import RotatingKeys


def install(app: FastAPI, settings: Settings) -> None:
    security = registry.get(app, Security)
    encryption = registry.get(app, Encryption)
    own = RotatingKeys(_encoded(settings.group(EncryptionSettings)))
    encryption.keys = lambda: [*own.in_use(), *security.derived_keys(PURPOSE)]

    async def follow(group: EncryptionSettings) -> None:
        own.replace(_encoded(group))

    settings.on_change(EncryptionSettings, {"encryption_keys"}, follow)


def _encoded(group: EncryptionSettings) -> list[bytes]:
    return [key.encode() for key in group.keys]
