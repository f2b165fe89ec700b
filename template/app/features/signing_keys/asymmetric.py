"""Keys of ES256 and RS256: made, read from PEM, and shown as a JWK."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jose import jwk
from jose.backends.cryptography_backend import CryptographyECKey

from app.core.security.tokens import Algorithm, SigningKey

type PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

RSA_BITS = 3072
MIN_RSA_BITS = 2048
P256_ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
P256_BYTES = 32


class UnusableKeyError(ValueError):
    """The sentence says what is wrong with a key, and holds nothing of it."""


def signing_key(kid: str, algorithm: Algorithm, pem: bytes) -> SigningKey:
    """Raises UnusableKeyError."""
    private = _private_key(algorithm, pem)
    public = private.public_key()
    construct = _LowSKey if algorithm == "ES256" else jwk.construct
    signer = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    verifier = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(kid, algorithm, construct(signer, algorithm), construct(verifier, algorithm))


def public_jwk(key: SigningKey) -> dict[str, str]:
    """RFC 7517; only for a key that has a public part."""
    return {**key.verifier.to_dict(), "alg": key.algorithm, "use": "sig", "kid": key.kid}


def new_pem(algorithm: Algorithm) -> bytes:
    private: PrivateKey
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class _LowSKey(CryptographyECKey):
    """ECDSA accepts (r, n - s) where (r, s) was signed; here one token has one signature."""

    def sign(self, msg: bytes) -> bytes:
        signature: bytes = super().sign(msg)  # type: ignore[no-untyped-call]  # the stubs have no types
        r, s = signature[:P256_BYTES], int.from_bytes(signature[P256_BYTES:])
        return r + min(s, P256_ORDER - s).to_bytes(P256_BYTES)

    def verify(self, msg: bytes, sig: bytes) -> bool:
        is_low = int.from_bytes(sig[P256_BYTES:]) <= P256_ORDER // 2
        is_right = super().verify(msg, sig)  # type: ignore[no-untyped-call]  # as above
        return is_low and bool(is_right)


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
