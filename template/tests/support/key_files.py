"""Key directories as an operator would fill them."""

import atexit
import os
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

OLDEST = "20251201T000000Z"
OLD = "20260101T000000Z"
NEW = "20260201T000000Z"

type PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key(algorithm: str) -> PrivateKey:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def put_key(directory: Path, kid: str, key: PrivateKey, *, mode: int = 0o600) -> Path:
    """Written an hour ago: a service that starts now may sign with it at once."""
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / f"{kid}.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(mode)
    hour_ago = datetime.now(UTC).timestamp() - 3600
    os.utime(path, (hour_ago, hour_ago))
    return path


@cache
def usable_directory() -> Path:
    """With one key: for all tests that need some directory."""
    directory = Path(tempfile.mkdtemp(prefix="jwt_keys."))
    atexit.register(shutil.rmtree, directory)
    put_key(directory, OLD, new_key("ES256"))
    return directory


def read_key(path: Path) -> PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return key


def signature(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    order = key.curve.group_order
    return r.to_bytes(32) + min(s, order - s).to_bytes(32)
