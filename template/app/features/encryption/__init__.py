"""Encryption at rest, for secrets that the service must read again.

Fernet is AES-128-CBC and HMAC-SHA256. ENCRYPTION_CIPHER says which cipher encrypts; both decrypt.
The keys are a list, newest first, and are asked for at each use: the first encrypts, all of them
decrypt. What an old key or the other cipher encrypted is stored anew with `renewed` when it is
used next.
"""

import base64
import os
from collections.abc import Callable, Iterator
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI
from pydantic import SecretStr

from app.core import registry
from app.core.security import Security
from app.core.security.security import derive, key_weakness
from app.core.settings import Settings, SettingsGroup
from app.features.encryption.columns import EncryptedColumns

PURPOSE = "encryption"
GCM_PREFIX = "gcm."
"""A token of Fernet has no full stop."""
NONCE_BYTES = 12

type Cipher = Literal["fernet", "aes-256-gcm"]


class EncryptionSettings(SettingsGroup):
    encryption_keys: SecretStr | None = None
    """Newest first, with commas between; what SECRET_KEY encrypted before stays readable."""
    encryption_cipher: Cipher = "fernet"
    """Encrypts new values; values of the other cipher stay readable."""

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
    """A purpose names one thing, e.g. `<table>/<id>`: what was encrypted for one does not decrypt
    for another, so that a value copied into another row is worth nothing there.
    """

    def __init__(self, keys: Callable[[], list[bytes]], cipher: Cipher) -> None:
        self.keys = keys
        self._cipher = cipher

    def encrypt(self, purpose: str, text: str) -> str:
        if self._cipher == "fernet":
            return self._fernets(purpose)[0].encrypt(text.encode()).decode()
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._gcms(purpose)[0].encrypt(nonce, text.encode(), None)
        return GCM_PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def decrypt(self, purpose: str, token: str) -> str:
        """Raises UndecryptableError."""
        if token.startswith(GCM_PREFIX):
            return self._opened(purpose, token.removeprefix(GCM_PREFIX))
        try:
            data = token.encode("utf-8", "surrogatepass")
            return MultiFernet(self._fernets(purpose)).decrypt(data).decode()
        except InvalidToken:
            raise UndecryptableError(PURPOSE) from None

    def renewed(self, purpose: str, token: str) -> str | None:
        """The same text by the newest key and the cipher in use; None where it is that already."""
        text = self.decrypt(purpose, token)
        newest = Encryption(lambda: self.keys()[:1], self._cipher)
        try:
            newest.decrypt(purpose, token)
        except UndecryptableError:
            return self.encrypt(purpose, text)
        is_gcm = token.startswith(GCM_PREFIX)
        return None if is_gcm == (self._cipher == "aes-256-gcm") else self.encrypt(purpose, text)

    def _opened(self, purpose: str, encoded: str) -> str:
        try:
            data = base64.b64decode(encoded.encode("utf-8", "surrogatepass"), b"-_", validate=True)
        except ValueError:
            raise UndecryptableError(PURPOSE) from None
        nonce, sealed = data[:NONCE_BYTES], data[NONCE_BYTES:]
        for gcm in self._gcms(purpose):
            try:
                return gcm.decrypt(nonce, sealed, None).decode()
            except (InvalidTag, ValueError):  # ValueError for a nonce that is cut off
                continue
        raise UndecryptableError(PURPOSE)

    def _gcms(self, purpose: str) -> list[AESGCM]:
        return [AESGCM(derive(key, f"{PURPOSE}/gcm/{purpose}")) for key in self.keys()]

    def _fernets(self, purpose: str) -> list[Fernet]:
        return [
            Fernet(base64.urlsafe_b64encode(derive(key, f"{PURPOSE}/{purpose}")))
            for key in self.keys()
        ]


def install(app: FastAPI, settings: Settings) -> None:
    security = registry.get(app, Security)
    group = settings.group(EncryptionSettings)
    own = [key.encode() for key in group.keys]
    registry.add(app, EncryptedColumns, EncryptedColumns())
    encryption = Encryption(
        lambda: [*own, *security.derived_keys(PURPOSE)], group.encryption_cipher
    )
    registry.add(app, Encryption, encryption)
