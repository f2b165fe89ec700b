"""Keys of ES256 and RS256: made, and read from PEM."""

import base64
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.core.security.signing_key import InvalidSignatureError, SigningKey

type Algorithm = Literal["ES256", "RS256"]
type PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

RSA_BITS = 3072
MIN_RSA_BITS = 2048
P256_ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
P256_BYTES = 32


class UnusableKeyError(ValueError):
    """The sentence says what is wrong with a key, and holds nothing of it."""


class LowSKey(SigningKey):
    """ECDSA accepts (r, n - s) where (r, s) was signed; here one token has one signature."""

    def sign(self, token_type: str, payload: bytes) -> str:
        signing_input, _, signature = super().sign(token_type, payload).rpartition(".")
        r, s = _numbers(signature)
        lower = r + min(s, P256_ORDER - s).to_bytes(P256_BYTES)
        return f"{signing_input}.{base64.urlsafe_b64encode(lower).rstrip(b'=').decode()}"

    def verify(self, token: str) -> bytes:
        _, s = _numbers(token.rpartition(".")[2])
        if s > P256_ORDER // 2:
            raise InvalidSignatureError("the other of two signatures")
        return super().verify(token)


def signing_key(kid: str, algorithm: Algorithm, pem: bytes) -> SigningKey:
    """Raises UnusableKeyError."""
    private = _written(_private_key(algorithm, pem))
    return (LowSKey if algorithm == "ES256" else SigningKey).of_pem(kid, algorithm, private)


def new_pem(algorithm: Algorithm) -> bytes:
    if algorithm == "ES256":
        return _written(ec.generate_private_key(ec.SECP256R1()))
    return _written(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS))


def _written(private: PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _numbers(signature: str) -> tuple[bytes, int]:
    """The two halves of a signature."""
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    return raw[:P256_BYTES], int.from_bytes(raw[P256_BYTES:])


def _private_key(algorithm: Algorithm, pem: bytes) -> PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKeyError("is not a private key in PEM without a passphrase") from None
    if algorithm == "ES256":
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        raise UnusableKeyError("is not a key on the curve P-256, which ES256 needs")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UnusableKeyError("is not an RSA key, which RS256 needs")
    if key.key_size < MIN_RSA_BITS:
        raise UnusableKeyError(f"has less than {MIN_RSA_BITS} bits")
    return key
