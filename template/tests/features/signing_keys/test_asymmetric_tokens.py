"""ES256 and RS256: what an attacker who has the public key, or a stolen signature, may try."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.factories import bearer, logged_in
from tests.support.forgery import decoded, encoded, forgeable, forged, parts, refused
from tests.support.key_files import NEW, OLD, OLDEST, PrivateKey, new_key, put_key, signature
from tests.support.service import SECRET_KEY, Start
from tests.support.time_travel import advance

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

ME = "/api/v1/users/me"


@dataclass(frozen=True)
class Case:
    """A token of the service, and the key that signed it."""

    key: PrivateKey
    token: str
    stranger: PrivateKey

    @property
    def header(self) -> dict[str, Any]:
        return parts(self.token)[0]

    @property
    def claims(self) -> dict[str, Any]:
        return parts(self.token)[1]

    def signed(self, header: Any = None, claims: Any = None, key: PrivateKey | None = None) -> str:
        written = [_json(header or self.header), _json(claims or self.claims)]
        signing_input = ".".join(encoded(part) for part in written)
        raw = signature(key or self.key, signing_input.encode())
        return f"{signing_input}.{encoded(raw)}"

    def headed(self, **changes: Any) -> str:
        return self.signed(header=self.header | changes)

    def resigned(self, change: Callable[[bytes], bytes]) -> str:
        head, _, tail = self.token.rpartition(".")
        return f"{head}.{encoded(change(decoded(tail)))}"

    def by_secret(self, secret: bytes) -> str:
        header = self.header | {"alg": "HS256"}
        return forged(header, self.claims, secret.decode("latin-1"))

    def public(self, encoding: Encoding) -> bytes:
        return self.key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def other_signature(case: Case) -> str:
    """(r, n - s) for ECDSA; for RSA, which has one, the same number in one byte more."""
    if isinstance(case.key, ec.EllipticCurvePrivateKey):
        order = case.key.curve.group_order
        return case.resigned(lambda raw: raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32))
    return case.resigned(lambda raw: b"\x00" + raw)


type Attack = Callable[[Case], str]

ATTACKS: dict[str, Attack] = {
    "HS256 with the public PEM": lambda case: case.by_secret(case.public(Encoding.PEM)),
    "HS256 with the stripped PEM": lambda case: case.by_secret(case.public(Encoding.PEM).strip()),
    "HS256 with the public DER": lambda case: case.by_secret(case.public(Encoding.DER)),
    "HS256 with SECRET_KEY": lambda case: case.by_secret(SECRET_KEY.encode()),
    "alg none": lambda case: case.headed(alg="none"),
    "alg none, no signature": lambda case: case.headed(alg="none").rpartition(".")[0] + ".",
    "alg of the other family": lambda case: case.headed(
        alg="RS256" if case.header["alg"] == "ES256" else "ES256"
    ),
    "alg of another hash": lambda case: case.headed(alg=case.header["alg"].replace("256", "512")),
    "alg PS256": lambda case: case.headed(alg="PS256"),
    "jwk of a stranger who signs": lambda case: case.signed(
        header=case.header | {"jwk": {"kty": "EC"}}, key=case.stranger
    ),
    "kid is a path": lambda case: case.headed(kid=f"../keys/{OLD}"),
    "kid is a path with its end": lambda case: case.headed(kid=f"{OLD}.pem"),
    "kid with a NUL": lambda case: case.headed(kid=f"{OLD}\x00"),
    "kid of a device": lambda case: case.headed(kid="../../../dev/null"),
    "kid of the other key": lambda case: case.headed(kid=OLDEST),
    "kid that nobody has": lambda case: case.headed(kid=NEW),
    "kid is a list": lambda case: case.headed(kid=[OLD]),
    "signed by a stranger": lambda case: case.signed(key=case.stranger),
    "second signature of the same": other_signature,
    "signature of zeros": lambda case: case.resigned(lambda raw: bytes(len(raw))),
    "signature cut": lambda case: case.resigned(lambda raw: raw[:-1]),
    "signature longer": lambda case: case.resigned(lambda raw: raw + b"\x00"),
    "no signature": lambda case: case.token.rpartition(".")[0] + ".",
}


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_a_token_that_was_not_issued_gets_401_in_50_ms(
    start: Start, tmp_path: Path, algorithm: str
) -> None:
    keys = [new_key(algorithm) for _ in range(3)]
    directory = tmp_path / "keys"
    put_key(directory, OLD, keys[0])
    put_key(directory, OLDEST, keys[1])
    async with start(jwt_algorithm=algorithm, jwt_keys_dir=directory) as service:
        case = Case(keys[0], (await logged_in(service)).access, keys[2])
        control = await service.client.get(ME, headers=bearer(case.signed()))

        answers = {name: await refused(service, attack(case)) for name, attack in ATTACKS.items()}

    assert case.header == {"alg": algorithm, "kid": OLD, "typ": "at+jwt"}
    assert control.status_code == 200, "the table would prove nothing"
    assert {name: answer for name, answer in answers.items() if answer is not None} == {}


async def test_a_token_of_the_secret_key_works_until_it_expires(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was issued before the service had keys."""
    async with start() as service:
        issued = forgeable((await logged_in(service)).access)
        before = await service.client.get(ME, headers=bearer(forged(*issued)))
        stranger = await service.client.get(ME, headers=bearer(forged(*issued, key="x" * 32)))
        advance(monkeypatch, timedelta(seconds=931))
        expired = await service.client.get(ME, headers=bearer(forged(*issued)))

    answers = (before, stranger, expired)
    assert [answer.status_code for answer in answers] == [200, 401, 401]


def _json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
