"""A served process whose client secret is replaced in its mounted files while people log in."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from tests.features.federation.browser import Browser
from tests.features.federation.conftest import NAME
from tests.features.federation.own import INSTALLED
from tests.features.federation.pkce import REDIRECT_URI, PkceClient
from tests.features.federation.stub import CLIENT_ID, SECRET, Stub
from tests.support import project
from tests.support.secret_files import SecretFiles
from tests.support.server import serving
from tests.support.service import SECRET_KEY

pytestmark = pytest.mark.fault

NEW = "another secret of the client"
SEEN_SECONDS = 30
LEAST_LOGINS = 20


class Somebody(Browser):
    """Logs in again and again at a served process."""

    def __init__(self, url: str, stub: Stub) -> None:
        self.client = AsyncClient(base_url=url, timeout=15)
        self.stub = stub
        self.statuses: list[int] = []

    async def logs_in(self) -> None:
        application = PkceClient()
        answer = await self.login(self.stub, application, NAME)
        redeemed = await self.redeems(application, answer.get("code", "none"))
        self.statuses.append(redeemed.status_code)

    async def goes_on(self) -> None:
        async with self.client:
            while True:
                await self.logs_in()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.goes_on())
        try:
            await self.some_more(task)
            yield
            await self.some_more(task)
        finally:
            task.cancel()

    async def some_more(self, task: asyncio.Task[None]) -> None:
        wanted = len(self.statuses) + LEAST_LOGINS
        while len(self.statuses) < wanted:
            assert not task.done(), task.exception()
            await asyncio.sleep(0.05)


def test_another_client_secret_fails_no_login_and_is_used_in_time(
    database_url: str, stub: Stub, tmp_path: Path
) -> None:
    copy = project.copied(tmp_path, with_revisions=True)
    project.write(copy / "app" / "installed.py", INSTALLED)
    files = SecretFiles(tmp_path / "secrets")
    files.put(acme_client_secret=SECRET)
    variables = {
        "PYTHONPATH": str(copy),
        "SECRET_KEY": SECRET_KEY,
        "SECRETS_DIR": str(files.directory),
        "SECRETS_RELOAD_SECONDS": "1",
        "OAUTH_REDIRECT_URIS": REDIRECT_URI,
        "RATE_LIMIT_ENABLED": "false",
        "ACME_ISSUER": stub.url,
        "ACME_CLIENT_ID": CLIENT_ID,
    }

    with serving(database_url, port="0", preexec=None, **variables) as served:
        somebody = Somebody(served.url, stub)

        async def scenario() -> float:
            async with somebody.going_on():
                files.put(acme_client_secret=NEW)
                changed = time.monotonic()
                await asyncio.to_thread(served.wait_for, "secrets.reloaded")
                seconds = time.monotonic() - changed
                stub.secrets = [NEW]
            return seconds

        seconds = asyncio.run(scenario())

    assert set(somebody.statuses) == {200}
    assert seconds <= SEEN_SECONDS
    assert not any(secret in line for line in served.output for secret in (SECRET, NEW))
