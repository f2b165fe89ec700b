"""Where Redis is: with a password, with TLS, behind Sentinel; never a cluster."""

import datetime
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core import clock
from app.core.settings import ConfigurationError, Settings
from app.features.redis.client import RedisClient, RedisUnavailable
from app.features.redis.settings import RedisSettings
from app.main import create_app
from tests.features.redis.proxy import Proxy
from tests.features.redis.server import RedisServer
from tests.support.production import PRODUCTION
from tests.support.service import SECRET_KEY


def refused(url: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings(env_file=None, redis_url=url).group(RedisSettings)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://:hidden@host:6379/0",
        "rediss+cluster://:hidden@host:6379",
        "redis://:hidden@one:6379,two:6379/0",
    ],
)
def test_a_cluster_is_refused_with_a_sentence(url: str) -> None:
    sentence = refused(url)

    assert "REDIS_URL: " in sentence
    assert "a Redis Cluster is not supported" in sentence
    assert "redis+sentinel://" in sentence
    assert "hidden" not in sentence


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://:hidden@host", "use redis://"),
        ("redis://", "names no host"),
        ("redis+sentinel://:hidden@host:26379", "names no service"),
        ("redis+sentinel://:hidden@host:26379/name/x", "names no service"),
        ("redis+sentinel://:hidden@host:hidden/name", "names a port that is no number"),
    ],
)
def test_what_is_no_place_is_refused_without_its_password(url: str, words: str) -> None:
    sentence = refused(url)

    assert words in sentence
    assert "hidden" not in sentence


def test_production_needs_one() -> None:
    values = PRODUCTION | {"secret_key": SECRET_KEY, "redis_url": None}

    with pytest.raises(ConfigurationError, match="REDIS_URL: production needs one"):
        create_app(Settings(env_file=None, **values, database_url="sqlite+aiosqlite:///app.db"))


async def test_a_password_is_asked_for_and_given() -> None:
    server = RedisServer(requirepass="s3cret/pass")
    server.start()
    try:
        async with (
            right := RedisClient(f"redis://:s3cret%2Fpass@127.0.0.1:{server.port}/0")
        ).opened():
            await right.ping()
        async with (wrong := RedisClient(f"redis://:wrong@127.0.0.1:{server.port}/0")).opened():
            with pytest.raises(RedisUnavailable):
                await wrong.ping()
    finally:
        server.stop()


async def test_tls_is_checked_against_the_given_authority(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Proxy(redis_server.port, tls=context).running() as proxy:
        url = f"rediss://127.0.0.1:{proxy.port}/0"
        async with (trusted := RedisClient(f"{url}?ssl_ca_certs={certificate}")).opened():
            await trusted.ping()
        async with (unknown := RedisClient(url)).opened():
            with pytest.raises(RedisUnavailable):
                await unknown.ping()


async def test_sentinel_names_the_server(redis_server: RedisServer) -> None:
    monitored = f"mymaster 127.0.0.1 {redis_server.port} 1"
    sentinel = RedisServer("--sentinel", **{"sentinel monitor": monitored})
    sentinel.start()
    try:
        link = RedisClient(f"redis+sentinel://127.0.0.1:{sentinel.port}/mymaster/3")
        async with link.opened():
            await link.call(("SET", "through", "sentinel"))
        async with (direct := RedisClient(redis_server.url[:-1] + "3")).opened():
            assert await direct.call(("GET", "through")) == [b"sentinel"]
    finally:
        sentinel.stop()


def self_signed(directory: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    now, day = clock.now(), datetime.timedelta(days=1)
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = builder.add_extension(address, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    path = directory / "loopback.crt"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
