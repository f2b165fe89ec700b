"""/.well-known/jwks.json: public keys, nothing else, kept for less than a new key waits."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import registry
from app.features.signing_keys.directory import KeyDirectory
from tests.support.factories import logged_in
from tests.support.forgery import parts
from tests.support.key_files import NEW, OLD, new_key, put_key
from tests.support.service import Service, Start
from tests.support.time_travel import advance

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

JWKS = "/.well-known/jwks.json"
ME = "/api/v1/users/me"
PUBLIC_PARTS = {
    "ES256": {"alg", "crv", "kid", "kty", "use", "x", "y"},
    "RS256": {"alg", "e", "kid", "kty", "n", "use"},
}


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_the_public_keys_are_published(start: Start, tmp_path: Path, algorithm: str) -> None:
    for kid in (OLD, NEW):
        put_key(tmp_path / "keys", kid, new_key(algorithm))
    async with start(jwt_algorithm=algorithm, jwt_keys_dir=tmp_path / "keys") as service:
        response = await service.client.get(JWKS)

    keys = response.json()["keys"]
    assert response.headers["Cache-Control"] == "public, max-age=30"
    assert response.headers["ETag"]
    assert [(key["kid"], key["alg"], key["use"]) for key in keys] == [
        (OLD, algorithm, "sig"),
        (NEW, algorithm, "sig"),
    ]
    assert {frozenset(key) for key in keys} == {frozenset(PUBLIC_PARTS[algorithm])}


async def test_development_makes_a_key_that_outlives_a_restart(
    start: Start, tmp_path: Path
) -> None:
    async with start(environment="development") as service:
        tokens = await logged_in(service)
    async with start(environment="development") as service:
        response = await service.client.get(ME, headers=tokens.header)

    assert parts(tokens.access)[0]["alg"] == "ES256"
    assert response.status_code == 200
    assert len(list((tmp_path / "jwt_keys").glob("*.pem"))) == 1


async def published(service: Service) -> int:
    await asyncio.sleep(0.01)
    return len((await service.client.get(JWKS)).json()["keys"])


async def test_a_rotation_needs_no_restart_and_no_token_is_refused(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    put_key(path, OLD, new_key("ES256"))
    values = {"jwt_keys_dir": path}
    monkeypatch.setattr("app.features.signing_keys.REREAD_SECONDS", 0.01)
    async with start(**values) as service, start(**values) as other:
        before = await logged_in(service)
        put_key(path, NEW, new_key("ES256"))
        async with asyncio.timeout(10):
            while await published(service) == 1:
                pass
        during = await logged_in(service)
        advance(monkeypatch, timedelta(seconds=61))
        signing = registry.get(service.app, KeyDirectory).signing().kid
        monkeypatch.undo()

        answers = [
            await instance.client.get(ME, headers=tokens.header)
            for instance in (service, other)
            for tokens in (before, during)
        ]

    assert parts(during.access)[0]["kid"] == OLD
    assert signing == NEW
    assert [answer.status_code for answer in answers] == [200] * 4
