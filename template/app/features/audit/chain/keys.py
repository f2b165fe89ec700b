"""Proofs over audit entries: MACs by keys derived from SECRET_KEY, each naming its key."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC
from typing import Any, Literal

import orjson
from sqlalchemy import RowMapping

type Entry = dict[str, Any] | RowMapping
type Kind = Literal["entry", "seal", "chain"]

PURPOSE = "audit"
COLUMNS = (
    "action",
    "target",
    "outcome",
    "ip",
    "user_agent",
    "correlation_id",
    "detail",
)


class AuditKeys:
    """Signs with the current key; what the previous key signed verifies too."""

    def __init__(self, derived_keys: Callable[[str], list[bytes]]) -> None:
        self._derived_keys = derived_keys

    def sign(self, kind: Kind, message: bytes) -> str:
        return _proof(self._derived_keys(PURPOSE)[0], kind, message)

    def is_genuine(self, kind: Kind, message: bytes, proof: str | None) -> bool | None:
        """None without a proof, and where the key that it names is no longer known."""
        for key in self._derived_keys(PURPOSE):
            if proof and proof.startswith(f"{_name(key)}."):
                expected = _proof(key, kind, message)
                return hmac.compare_digest(expected.encode(), proof.encode())
        return None


def content(entry: Entry) -> bytes:
    """One spelling of an entry, the same before it is stored and after it is read."""
    actor = str(entry["actor_id"]) if entry["actor_id"] else None
    at = entry["at"].astimezone(UTC).isoformat()
    facts = [str(entry["id"]), at, actor, *(entry[column] for column in COLUMNS)]
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)


def link(before: str, entry: bytes) -> str:
    return hashlib.sha256(f"{before}/".encode() + entry).hexdigest()


def _name(key: bytes) -> str:
    return hashlib.sha256(b"audit key/" + key).hexdigest()[:12]


def _proof(key: bytes, kind: Kind, message: bytes) -> str:
    return f"{_name(key)}.{hmac.digest(key, kind.encode() + b'/' + message, hashlib.sha256).hex()}"
