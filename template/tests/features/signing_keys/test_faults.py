"""Two served processes with one directory of keys."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.support.factories import bearer, logged_in
from tests.support.forgery import ME, parts
from tests.support.key_files import NEW, OLD, new_key, put_key
from tests.support.server import serving
from tests.support.service import SECRET_KEY, running

pytestmark = pytest.mark.fault

SEEN_SECONDS = 30
SIGNING_SECONDS = 90


def test_a_key_that_appears_signs_within_90_seconds_and_nobody_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    """Two instances watch one directory; tokens of both keys work at both all the time."""
    directory = tmp_path / "keys"
    put_key(directory, OLD, new_key("ES256"))
    variables = {"SECRET_KEY": SECRET_KEY, "JWT_KEYS_DIR": str(directory)}
    with ExitStack() as stack:
        instances = [serving(database_url, port="0", preexec=None, **variables) for _ in range(2)]
        urls = [stack.enter_context(instance).url for instance in instances]
        put_key(directory, NEW, new_key("ES256"))
        asyncio.run(rotation(urls, database_url, tmp_path))


async def rotation(urls: list[str], database_url: str, directory: Path) -> None:
    values = {"jwt_keys_dir": directory / "keys"}
    async with running(database_url=database_url, log_level="CRITICAL", **values) as service:
        tokens = await logged_in(service)
    refresh, seen = tokens.refresh, 0.0
    started = time.monotonic()
    async with httpx2.AsyncClient(timeout=20) as client:
        while True:
            response = await client.post(
                f"{urls[0]}/api/v1/auth/refresh", json={"refresh_token": refresh}
            )
            refresh, access = response.json()["refresh_token"], response.json()["access_token"]
            for url in urls:
                answer = await client.get(url + ME, headers=bearer(access))
                assert answer.status_code == 200
            published = (await client.get(f"{urls[1]}/.well-known/jwks.json")).json()["keys"]
            seen = seen or (time.monotonic() - started if len(published) == 2 else 0.0)
            if parts(access)[0]["kid"] == NEW:
                break
            assert time.monotonic() - started < SIGNING_SECONDS
            await asyncio.sleep(0.5)
    assert 0 < seen <= SEEN_SECONDS
