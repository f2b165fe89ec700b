"""Refresh tokens: opaque to the client, recomputable by the service, stored only as a hash.

A token is base64url of session id (16 bytes), generation (4 bytes) and an HMAC-SHA256 of both.
The HMAC proves that an older generation was once issued here, which makes its reuse visible.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from uuid import UUID

PURPOSE = "refresh-token"
"""Of the keys."""
LAYOUT = struct.Struct(">16sI32s")
TOKEN_LENGTH = -(-LAYOUT.size * 4 // 3)


@dataclass(frozen=True)
class RefreshToken:
    session_id: UUID
    generation: int


def issue(key: bytes, session_id: UUID, generation: int) -> str:
    mac = _mac(key, session_id, generation)
    return _encoded(LAYOUT.pack(session_id.bytes, generation, mac))


def again(keys: list[bytes], session_id: UUID, generation: int, token_hash: str) -> str:
    """The token of this hash, with whichever of the keys it was issued."""
    tokens = (issue(key, session_id, generation) for key in keys)
    return next(token for token in tokens if digest(token) == token_hash)


def parse(keys: list[bytes], token: str) -> RefreshToken | None:
    """None for whatever was not issued with one of the keys."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return None
    if len(data) != LAYOUT.size or _encoded(data) != token:
        return None
    session_bytes, generation, mac = LAYOUT.unpack(data)
    session_id = UUID(bytes=session_bytes)
    if not any(hmac.compare_digest(mac, _mac(key, session_id, generation)) for key in keys):
        return None
    return RefreshToken(session_id, generation)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _mac(key: bytes, session_id: UUID, generation: int) -> bytes:
    return hmac.digest(key, session_id.bytes + struct.pack(">I", generation), hashlib.sha256)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
