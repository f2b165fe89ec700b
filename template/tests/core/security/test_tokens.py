"""Access tokens: everything that is not a live token of this service gets one 401, quickly."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.core.security.tokens import MAX_TOKEN_BYTES, SecretKeys
from tests.support.factories import bearer, logged_in, login, make_user
from tests.support.forgery import (
    Parts,
    decoded,
    encoded,
    forgeable,
    forged,
    kid_of,
    parts,
    refused,
)
from tests.support.service import SECRET_KEY, Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

ME = "/api/v1/users/me"
CLAIMS = {*["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid", "scope", "roles", "client_id"]}

type Attack = Callable[[str], str]


def with_header(**changes: Any) -> Attack:
    return lambda token: forged(_changed(parts(token)[0], changes), parts(token)[1])


def with_claims(**changes: Any) -> Attack:
    return lambda token: forged(parts(token)[0], _changed(parts(token)[1], changes))


def with_payload(payload: Any) -> Attack:
    return lambda token: forged(parts(token)[0], payload)


def _changed(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """None takes a fact away, a function changes it."""
    values = {name: new(facts[name]) if callable(new) else new for name, new in changes.items()}
    return {name: value for name, value in (facts | values).items() if value is not None}


def later(seconds: int) -> Callable[[int], int]:
    return lambda moment: moment + seconds


def unsigned(token: str) -> str:
    header, claims = parts(token)
    return forged(header | {"alg": "none"}, claims).rpartition(".")[0] + "."


def second_spelling(token: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    assert decoded(spelled.split(".")[2]) == decoded(token.split(".")[2])
    return spelled


def with_raw_expiry(token: str) -> str:
    header, claims = parts(token)
    text = json.dumps(claims).replace(str(claims["exp"]), "1" + "0" * 400)
    return forged(header, text.encode())


def twice(name: str, value: Any) -> Attack:
    """RFC 7519, section 4: of two claims with one name, only the last may count."""

    def attack(token: str) -> str:
        header, claims = parts(token)
        text = json.dumps(claims)[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"
        return forged(header, text.encode())

    return attack


def signed_with(key: str, digest: str = "sha256", alg: str = "HS256") -> Attack:
    def attack(token: str) -> str:
        header, claims = parts(token)
        return forged(header | {"alg": alg}, claims, key, digest)

    return attack


def nesting(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


ATTACKS: dict[str, Attack] = {
    "alg none, no signature": unsigned,
    "alg none, signed": with_header(alg="none"),
    "alg in another case": with_header(alg="hs256"),
    "alg of another family": with_header(alg="RS256"),
    "alg HS512, signed so": signed_with(SECRET_KEY, "sha512", "HS512"),
    "no alg": with_header(alg=None),
    "wrong key": signed_with("another key of thirty-two bytes!"),
    "empty key": signed_with(""),
    "no kid": with_header(kid=None),
    "unknown kid": with_header(kid="0" * 16),
    "kid is a path": with_header(kid="../../dev/null"),
    "kid is SQL": with_header(kid="' UNION SELECT 'x"),
    "kid is an object": with_header(kid={"k": "v"}),
    "kid is a list": with_header(kid=["a"]),
    "kid is a number": with_header(kid=0),
    "crit": with_header(crit=["exp"]),
    "b64": with_header(b64=False),
    "b64 and crit": with_header(b64=False, crit=["b64"]),
    "zip": with_header(zip="DEF"),
    "jku": with_header(jku="https://attacker.example/keys.json"),
    "jwk": with_header(jwk={"kty": "oct", "k": encoded(b"k" * 32)}),
    "x5u": with_header(x5u="https://attacker.example/cert.pem"),
    "JWE header": with_header(enc="A256GCM"),
    "typ JWT": with_header(typ="JWT"),
    "typ in another case": with_header(typ="AT+JWT"),
    "no typ": with_header(typ=None),
    "header is a list": lambda token: forged([], parts(token)[1]),
    "header is text": lambda token: forged("HS256", parts(token)[1]),
    "header is no JSON": lambda token: forged(b"{", parts(token)[1]),
    "header is not UTF-8": lambda token: forged(b'{"\xff": 1}', parts(token)[1]),
    "header is nested deeply": lambda token: forged(nesting(500), parts(token)[1]),
    "wrong issuer": with_claims(iss="somebody"),
    "issuer is a list": with_claims(iss=["somebody"]),
    "no issuer": with_claims(iss=None),
    "wrong audience": with_claims(aud="somebody"),
    "audience among others": with_claims(aud=lambda audience: [audience, "other"]),
    "audience is a list": with_claims(aud=lambda audience: [audience]),
    "no audience": with_claims(aud=None),
    "wrong client": with_claims(client_id="somebody"),
    "no client": with_claims(client_id=None),
    "no subject": with_claims(sub=None),
    "subject is no id": with_claims(sub="admin"),
    "subject is a number": with_claims(sub=1),
    "unknown subject": with_claims(sub="0199a1b2-0000-7000-8000-00000000abcd"),
    "no session": with_claims(sid=None),
    "session is no id": with_claims(sid="1"),
    "session is an object": with_claims(sid={"a": 1}),
    "unknown session": with_claims(sid="0199a1b2-0000-7000-8000-00000000abcd"),
    "no id": with_claims(jti=None),
    "no expiry": with_claims(exp=None),
    "expired": with_claims(exp=later(-1800), iat=later(-1800), nbf=later(-1800)),
    "expiry is text": with_claims(exp="soon"),
    "expiry is infinite": with_claims(exp=float("inf")),
    "expiry is NaN": with_claims(exp=float("nan")),
    "expiry is 10**400": with_raw_expiry,
    "expiry is true": with_claims(exp=True),
    "expiry is a number in a text": with_claims(exp=str),
    "expiry is a float": with_claims(exp=float),
    "two expiries, the last too late": twice("exp", 2**40),
    "two subjects, the last unknown": twice("sub", "0199a1b2-0000-7000-8000-00000000abcd"),
    "no issue time": with_claims(iat=None),
    "issued in a list": with_claims(iat=[1]),
    "no not-before": with_claims(nbf=None),
    "not valid yet": with_claims(nbf=later(600)),
    "issued in the future": with_claims(iat=later(600), exp=later(600)),
    "lives too long": with_claims(exp=later(60)),
    "issued in the past to live long": with_claims(iat=later(-3600)),
    "claims are a list": with_payload([]),
    "claims are text": with_payload("admin"),
    "claims are no JSON": with_payload(b"{"),
    "claims are not UTF-8": with_payload(b'{"\xff": 1}'),
    "claims are nested deeply": with_payload(nesting(1000)),
    "second spelling of the signature": second_spelling,
    "padded": lambda token: token + "=",
    "standard alphabet": lambda token: token.rpartition(".")[0] + "." + "+/" * 21 + "A",
    "cut signature": lambda token: token[:-4],
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "five parts": lambda token: token + ".e30.e30",
    "oversize": lambda token: token + "A" * MAX_TOKEN_BYTES,
    "huge": lambda token: "A" * 16_000 + "." + token,
    "JSON serialization": lambda token: '{"payload":"e30","signatures":[]}',
    "garbage": lambda _: "garbage",
    "dots": lambda _: "...",
    "not ASCII": lambda token: token[:-1] + "\u00e9",
    "leading space": lambda token: " " + token + " x",
}


async def test_a_token_that_was_not_issued_gets_401_in_50_ms(service: Service) -> None:
    """One service for the whole table: to start one costs more than all attacks on it."""
    token = forged(*forgeable((await logged_in(service)).access))

    answers = {name: await refused(service, attack(token)) for name, attack in ATTACKS.items()}

    assert {name: answer for name, answer in answers.items() if answer is not None} == {}


async def test_a_forged_token_with_nothing_changed_works(service: Service) -> None:
    """Else the table above would prove nothing."""
    tokens = await logged_in(service)

    response = await service.client.get(ME, headers=bearer(forged(*forgeable(tokens.access))))

    assert response.status_code == 200


async def test_the_claims_are_those_of_rfc_9068(service: Service) -> None:
    header, claims = await issued(service)

    assert header.keys() == {"alg", "typ", "kid"}
    assert header["typ"] == "at+jwt"
    assert set(claims) == CLAIMS
    assert claims["exp"] - claims["iat"] == 900


async def test_issuer_audience_and_client_are_settings(start: Start) -> None:
    async with start(jwt_issuer="i", jwt_audience="a", jwt_client_id="c") as service:
        _, claims = await issued(service)

    assert (claims["iss"], claims["aud"], claims["client_id"]) == ("i", "a", "c")


async def test_a_token_of_the_previous_key_verifies_and_a_new_one_signs(start: Start) -> None:
    old, new = SECRET_KEY, "n3wKey2026-after-Rotation!plmokn"
    async with start(secret_key=old) as service:
        header, claims = forgeable((await logged_in(service)).access)
    of_the_old_key = bearer(forged(header, claims))

    async with start(secret_key=new, secret_key_previous=old) as service:
        during = await service.client.get(ME, headers=of_the_old_key)
        newer = await logged_in(service)
    async with start(secret_key=new) as service:
        after = await service.client.get(ME, headers=of_the_old_key)
        of_the_new_key = await service.client.get(ME, headers=newer.header)

    assert [during.status_code, after.status_code, of_the_new_key.status_code] == [200, 401, 200]


def test_the_secret_key_signs_by_hs256_and_its_kid_shows_nothing_of_it() -> None:
    key = SecretKeys(lambda: [SECRET_KEY.encode()]).signing()

    header, claims = parts(key.sign("at+jwt", b"{}"))

    assert header == {"alg": "HS256", "typ": "at+jwt", "kid": kid_of(SECRET_KEY)}
    assert claims == {}


async def issued(service: Service) -> Parts:
    tokens = await login(service, await make_user(service))
    return parts(tokens.access)
