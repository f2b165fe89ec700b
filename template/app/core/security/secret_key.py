"""Secret keys: their strength, what is derived from them, and their order while they rotate.

What is signed with a key that only this process has seen yet is refused by the others. So a key
that takes the place of another waits a minute, as long as that other stays in the list.
"""

import hashlib
import hmac
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from app.core import clock

MIN_KEY_BYTES = 32
MIN_DISTINCT_CHARACTERS = 12
MATURITY = timedelta(seconds=60)
"""How long every process has to see a new key before one of them signs with it."""
WELL_KNOWN_PARTS = ("changeme", "change-me", "change_me", "secret", "password", "your-", "example")


class SecretList:
    def __init__(self, secrets: list[bytes]) -> None:
        self._secrets = secrets
        self._in_front: bytes | None = None
        self._until: datetime = clock.now()

    def in_use(self) -> list[bytes]:
        """The first signs or encrypts, all of them verify or decrypt."""
        if self._in_front is not None and clock.now() >= self._until:
            self._in_front = None
        if self._in_front is None:
            return self._secrets
        return [self._in_front, *(one for one in self._secrets if one != self._in_front)]

    def replace(self, secrets: list[bytes]) -> None:
        before = self.in_use()
        self._secrets = secrets
        is_new = bool(secrets) and secrets[0] not in before
        if before and before[0] in secrets and (is_new or self._in_front is not None):
            self._until = clock.now() + MATURITY if is_new else self._until
            self._in_front = before[0]
        else:
            self._in_front = None


def derive(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that a token of one kind never verifies as another."""
    return hmac.digest(secret, b"app/" + purpose.encode(), hashlib.sha256)


def key_weakness(key: str) -> str | None:
    """What is wrong with a secret key, or None. The sentence never holds the key."""
    if len(key.encode()) < MIN_KEY_BYTES:
        return f"needs at least {MIN_KEY_BYTES} bytes of entropy"
    if len(set(key)) < MIN_DISTINCT_CHARACTERS:
        return f"needs at least {MIN_DISTINCT_CHARACTERS} distinct characters"
    if key in (key + key)[1:-1]:
        return "is one pattern repeated"
    if any(part in key.lower() for part in WELL_KNOWN_PARTS):
        return "looks like a value from an example"
    return None


def development_key(data_dir: Path) -> str:
    """Kept in an untracked file of mode 0600, so that logins outlive a restart."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(MIN_KEY_BYTES)
        file.write(key)
    return key
