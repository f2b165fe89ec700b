"""Secret keys: their strength, and what is derived from them."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

MIN_KEY_BYTES = 32
MIN_DISTINCT_CHARACTERS = 12
WELL_KNOWN_PARTS = ("changeme", "change-me", "change_me", "secret", "password", "your-", "example")


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
