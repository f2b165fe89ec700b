"""Codes of the second factor: time-based ones (RFC 6238) and recovery codes."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = (0, -1, 1)
RECOVERY_CODES = 10
RECOVERY_BYTES = 15
"""120 bits: enough for a fast hash (OWASP ASVS 5.0 asks for a slow one below 112)."""
GROUP = 6


def new_secret() -> str:
    return pyotp.random_base32()


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """What an authenticator reads from a QR code."""
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    return totp.provisioning_uri(name=account, issuer_name=issuer)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is; clocks may be one step apart. None for any other text."""
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    given = code.encode("utf-8", "surrogatepass")
    for step in (current + drift for drift in DRIFT_STEPS):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given):
            return step
    return None


def new_recovery_codes() -> list[str]:
    return [_grouped(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def recovery_code_hash(code: str) -> str:
    """Case, spaces and hyphens are how it was written down, not what it is."""
    plain = "".join(code.upper().replace("-", "").split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _grouped(data: bytes) -> str:
    text = base64.b32encode(data).decode()
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))
