"""Answers of a provider that lies, is lied about, or is not itself: refused before any write."""

import gzip
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.features.federation.models import FederatedIdentity
from app.features.federation.protocol import http
from app.models.user import User
from tests.features.federation.browser import Browser, landing, signed_in_through
from tests.features.federation.conftest import NAME
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import CLIENT_ID, OTHER_KEY, Reply, Stub, signing_key
from tests.support.service import Service
from tests.support.time_travel import advance

INVALID = "provider_answer_invalid"
OTHER = "https://other.example"


def claims(**values: Any) -> Callable[[Stub], None]:
    return lambda stub: stub.claims.update(values)


def token(**values: Any) -> Callable[[Stub], None]:
    return lambda stub: stub.token.update(values)


def userinfo(**values: Any) -> Callable[[Stub], None]:
    return lambda stub: stub.userinfo.update(values)


def replied(path: str, body: bytes, **facts: Any) -> Callable[[Stub], None]:
    return lambda stub: stub.paths.update({path: lambda: Reply(body, **facts)})


def other_key(stub: Stub) -> None:
    stub.key = OTHER_KEY


def unsigned(stub: Stub) -> None:
    stub.header = {"alg": "none"}


def confused(stub: Stub) -> None:
    stub.header = {"alg": "HS256", "kid": "first"}


def unknown_kid(stub: Stub) -> None:
    stub.header["kid"] = "unknown"


def without_claim(name: str) -> Callable[[Stub], None]:
    return lambda stub: stub.claims.update({name: None})


NOW = time.time()
DENIED = [
    (claims(nonce="of another login"), INVALID),
    (without_claim("nonce"), INVALID),
    (claims(aud="another client"), INVALID),
    (claims(aud=["another client"], azp=CLIENT_ID), INVALID),
    (claims(aud=[CLIENT_ID, "another client"]), INVALID),
    (claims(aud=[CLIENT_ID, "another client"], azp="another client"), INVALID),
    (claims(azp="another client"), INVALID),
    (without_claim("aud"), INVALID),
    (claims(iss=OTHER), INVALID),
    (without_claim("iss"), INVALID),
    (claims(exp=int(NOW) - 60), INVALID),
    (claims(exp="tomorrow"), INVALID),
    (without_claim("exp"), INVALID),
    (without_claim("iat"), INVALID),
    (claims(iat=int(NOW) + 3600), INVALID),
    (claims(nbf=int(NOW) + 3600), INVALID),
    (without_claim("sub"), INVALID),
    (claims(sub=""), INVALID),
    (claims(sub=7), INVALID),
    (claims(sub="x" * 256), "userinfo_of_another_subject"),
    (claims(at_hash="of another access token"), INVALID),
    (other_key, INVALID),
    (unsigned, INVALID),
    (confused, INVALID),
    (unknown_kid, INVALID),
    (token(id_token=None), "id_token_missing"),
    (token(id_token="x"), INVALID),
    (token(id_token=["x"]), "id_token_missing"),
    (token(id_token="x" * 70_000), "id_token_missing"),
    (token(access_token=None), INVALID),
    (token(access_token=["x"]), INVALID),
    (token(access_token="a\r\nb"), INVALID),
    (userinfo(sub="another subject"), "userinfo_of_another_subject"),
    (userinfo(sub=None), "userinfo_of_another_subject"),
    (claims(email_verified="true"), "email_unverified"),
    (claims(email_verified=1), "email_unverified"),
    (claims(email_verified=False), "email_unverified"),
    (claims(email=None), "email_unverified"),
    (claims(email="no address"), "email_malformed"),
    (claims(email=["ada@example.com"]), "email_unverified"),
    (replied("/token", b"[]"), INVALID),
    (replied("/token", b"{"), INVALID),
    (replied("/token", b"<html>", status=403), INVALID),
    (replied("/token", b'{"error": "invalid_grant"}', status=400), INVALID),
]
UNAVAILABLE = [
    (replied("/token", b"", status=302, headers={"Location": OTHER}), "provider_answered_an_error"),
    (replied("/token", b"{}", status=500), "provider_answered_an_error"),
    (replied("/token", b" " * 2**20 + b"{}"), "provider_answered_too_much"),
    (
        replied("/token", b"{}", headers={"Content-Encoding": "gzip"}),
        "provider_answered_compressed",
    ),
    (replied("/userinfo", b"", status=401), "provider_answered_an_error"),
    (replied("/userinfo", b"[]"), "provider_answered_no_object"),
    (replied("/userinfo", b"[" * 100_000), "provider_answered_no_json"),
    (replied("/userinfo", b"\xff\xfe"), "provider_answered_no_json"),
    (replied("/keys", b'{"keys": []}'), "keys_malformed"),
    (replied("/keys", b'{"keys": "x"}'), "keys_malformed"),
    (replied("/keys", b'{"keys": [1, {"kty": "oct", "k": "c2VjcmV0"}]}'), "keys_malformed"),
    (replied("/keys", json.dumps({"keys": [{}] * 101}).encode()), "keys_malformed"),
    (
        replied("/keys", gzip.compress(b" " * 10**7), headers={"Content-Encoding": "gzip"}),
        "provider_answered_compressed",
    ),
]


async def written(service: Service) -> int:
    async with service.database.read() as session:
        users = await session.scalar(select(func.count()).select_from(User))
        identities = await session.scalar(select(func.count()).select_from(FederatedIdentity))
    return (users or 0) + (identities or 0)


@pytest.mark.parametrize(("lie", "reason"), [*DENIED, *UNAVAILABLE])
async def test_a_lie_is_refused_before_anything_is_written(
    service: Service, stub: Stub, lie: Callable[[Stub], None], reason: str
) -> None:
    lie(stub)

    answer = await Browser(service).login(stub)

    assert answer["error_description"] == reason
    assert answer["error"] in {"access_denied", "temporarily_unavailable"}
    assert await written(service) == 0


@pytest.mark.parametrize(
    ("path", "how"), [("/token", "hangs"), ("/keys", "drips"), ("/userinfo", "hangs")]
)
async def test_an_answer_that_does_not_end_is_cut_off(
    service: Service, stub: Stub, monkeypatch: pytest.MonkeyPatch, path: str, how: str
) -> None:
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, NAME)
    drip = Reply(b" " * 1000, drip_seconds=0.05)
    stub.paths[path] = stub.hang if how == "hangs" else lambda: drip
    monkeypatch.setattr(http, "MAX_SECONDS", 1.0)

    back = await browser.returns(NAME, **stub.authorized(away.headers["location"]))

    assert landing(back, application)["error_description"] == "provider_timed_out"
    assert await written(service) == 0


@pytest.mark.parametrize("first", ["honest", "hostile"])
async def test_the_issuer_is_checked_at_every_login(
    service: Service, stub: Stub, first: str
) -> None:
    """authlib changes the options it is given: the second login must be checked as the first."""
    if first == "honest":
        await signed_in_through(service, stub)
    stub.claims["iss"] = OTHER

    for _ in range(2):
        assert (await Browser(service).login(stub))["error_description"] == INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": OTHER},
        {"issuer": None},
        {"token_endpoint": "http://other.example/token"},
        {"token_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"token_endpoint": "http://[/"},
        {"authorization_endpoint": 7},
        {"jwks_uri": "file:///etc/passwd"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
)
async def test_metadata_of_another_or_without_protection_begins_no_login(
    service: Service, stub: Stub, change: dict[str, Any]
) -> None:
    stub.metadata.update(change)

    away = await Browser(service).departs(PkceClient(), NAME)

    assert (away.status_code, away.json()["code"]) == (503, "provider_unavailable")
    assert away.headers["retry-after"]
    assert set(stub.asked) == {"/.well-known/openid-configuration"}


async def test_options_of_the_http_client_in_the_metadata_change_nothing(
    service: Service, stub: Stub
) -> None:
    stub.metadata.update(proxy="http://127.0.0.1:9", verify=False, client_id="other", auth="x")

    assert "code" in await Browser(service).login(stub)


@pytest.mark.parametrize("iss", [OTHER, "", "https://accounts.google.com", "{issuer}/login/oauth"])
async def test_the_code_goes_to_no_other_issuer(service: Service, stub: Stub, iss: str) -> None:
    """RFC 9207: the mix-up attack ends before the code is sent anywhere."""
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, NAME)

    answer = stub.authorized(away.headers["location"]) | {"iss": iss.format(issuer=stub.url)}
    back = await browser.returns(NAME, **answer)

    assert landing(back, application)["error_description"] == "issuer_mismatch"
    assert "/token" not in stub.asked


async def test_an_issuer_that_was_announced_must_be_sent(service: Service, stub: Stub) -> None:
    stub.metadata["authorization_response_iss_parameter_supported"] = True
    browser, application = Browser(service), PkceClient()
    away = await browser.departs(application, NAME)
    without = await browser.returns(NAME, **stub.authorized(away.headers["location"]))
    away = await browser.departs(application, NAME)
    answer = stub.authorized(away.headers["location"]) | {"iss": stub.url}

    assert landing(without, application)["error_description"] == "issuer_missing"
    assert "code" in landing(await browser.returns(NAME, **answer), application)


async def test_rotated_keys_are_fetched_and_unknown_ones_at_most_twice_a_minute(
    service: Service, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_in_through(service, stub)
    stub.key = signing_key("second")
    stub.header["kid"] = "second"
    stub.published = [stub.key.as_dict(private=False)]
    await signed_in_through(service, stub)
    rotated = stub.asked.count("/keys")

    stub.header["kid"] = "unknown"
    for _ in range(5):
        assert (await Browser(service).login(stub))["error_description"] == INVALID
    flooded = stub.asked.count("/keys")
    stub.header["kid"] = "second"
    await signed_in_through(service, stub)
    advance(monkeypatch, timedelta(seconds=61))
    stub.header["kid"] = "unknown"
    await Browser(service).login(stub)

    assert (rotated, flooded, stub.asked.count("/keys")) == (2, 3, 4)


async def test_what_was_published_serves_for_a_day_without_the_provider(
    service: Service, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_in_through(service, stub)
    for path in ("/.well-known/openid-configuration", "/keys"):
        stub.paths[path] = lambda: Reply(b"", 500)

    advance(monkeypatch, timedelta(hours=23))
    assert (await Browser(service).departs(PkceClient(), NAME)).status_code == 307
    assert (await Browser(service).login(stub))["code"]
    advance(monkeypatch, timedelta(hours=2))
    assert (await Browser(service).departs(PkceClient(), NAME)).status_code == 503
