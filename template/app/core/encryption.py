"""Encryption at rest, for secrets that the service must read again: seeds, tokens of providers.

Fernet: AES-128-CBC and HMAC-SHA256. The keys are a list, newest first, and are asked for at each
use: the first encrypts, all of them decrypt. What an old key still decrypts is stored anew with
`renewed` when it is used next.
"""

import base64
from collections.abc import Callable
from collections.abc import Iterator

from cryptography.fernet import Fernet
from cryptography.fernet import InvalidToken
from cryptography.fernet import MultiFernet
from fastapi import FastAPI
from fastapi import Request
from pydantic import SecretStr

from app.core.config import Settings
from app.core.config import SettingsGroup
from app.core.reloading import Reloading
from app.core.secret_keys import SecretList
from app.core.security import Security
from app.core.security import derive
from app.core.security import key_weakness

PURPOSE = "encryption"


class EncryptionSettings(SettingsGroup):
    encryption_keys: SecretStr | None = None
    """Newest first, with commas between; what SECRET_KEY encrypted before stays readable."""

    @property
    def keys(self) -> list[str]:
        listed = self.encryption_keys.get_secret_value() if self.encryption_keys else ""
        return [key.strip() for key in listed.split(",") if key.strip()]

    def problems(self) -> Iterator[str]:
        for key in self.keys:
            if weakness := key_weakness(key):
                yield f"ENCRYPTION_KEYS: one of them {weakness}"


class UndecryptableError(Exception):
    """None of the keys encrypted this for this purpose, or it was changed since."""


class Encryption:
    """A purpose names one thing, e.g. `totp/<user id>`: what was encrypted for one does not decrypt
    for another, so that a value copied into another row is worth nothing there.
    """

    def __init__(self, keys: Callable[[], list[bytes]]) -> None:
        self._keys = keys

    def encrypt(self, purpose: str, text: str) -> str:
        return self._fernets(purpose)[0].encrypt(text.encode()).decode()

    def decrypt(self, purpose: str, token: str) -> str:
        """Raises UndecryptableError."""
        try:
            data = token.encode("utf-8", "surrogatepass")
            return MultiFernet(self._fernets(purpose)).decrypt(data).decode()
        except InvalidToken:
            raise UndecryptableError(PURPOSE) from None

    def renewed(self, purpose: str, token: str) -> str | None:
        """The same text under the newest key; None where that key encrypted it already."""
        newest = Encryption(lambda: self._keys()[:1])
        try:
            newest.decrypt(purpose, token)
        except UndecryptableError:
            return self.encrypt(purpose, self.decrypt(purpose, token))
        return None

    def _fernets(self, purpose: str) -> list[Fernet]:
        return [
            Fernet(base64.urlsafe_b64encode(derive(key, f"{PURPOSE}/{purpose}")))
            for key in self._keys()
        ]


def install(app: FastAPI, settings: Settings) -> None:
    security: Security = app.state.security
    own = SecretList([key.encode() for key in settings.group(EncryptionSettings).keys])
    app.state.sealed_columns = []  # see app.core.sealed
    app.state.encryption = Encryption(lambda: [*own.in_use(), *security.derived_keys(PURPOSE)])

    async def follow(group: EncryptionSettings) -> None:
        own.replace([key.encode() for key in group.keys])

    reloading: Reloading = app.state.reloading
    reloading.listen(EncryptionSettings, {"encryption_keys"}, follow)


def encryption_of(request: Request) -> Encryption:
    encryption: Encryption = request.app.state.encryption
    return encryption
