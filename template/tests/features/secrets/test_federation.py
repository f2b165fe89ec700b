"""Another client secret of an identity provider, in a mounted file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core import registry
from app.core.settings import Settings
from app.features import federation
from app.features.secrets.reload import SecretReload
from tests.features.federation.browser import signed_in_through
from tests.features.federation.conftest import ACME, federated_app
from tests.features.federation.stub import CLIENT_ID, SECRET, Server, Stub
from tests.support.secret_files import SecretFiles
from tests.support.service import Service, entered


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    server = Server()
    server.stub = Stub(server.url)
    yield server.stub
    server.stub.released.set()
    server.close()


@pytest.fixture
async def service(emptied_database_url: str, stub: Stub) -> AsyncIterator[Service]:
    async with entered(federated_app(emptied_database_url, stub.url)) as service:
        yield service


async def test_no_login_fails_while_a_mounted_secret_is_replaced(
    service: Service, stub: Stub, tmp_path: Path
) -> None:
    files = SecretFiles(tmp_path / "secrets")
    files.put(acme_client_secret="old")
    values = {"acme_issuer": stub.url, "acme_client_id": CLIENT_ID}
    settings = Settings(env_file=None, environment="test", secrets_dir=files.directory, **values)
    reloading = registry.add(service.app, SecretReload, SecretReload(settings))
    federation.connect(service.app, settings, [ACME])
    stub.secrets = ["old"]
    before = await signed_in_through(service, stub)

    files.put(acme_client_secret=SECRET)
    await reloading.reload()
    during = await signed_in_through(service, stub)
    stub.secrets = [SECRET]

    assert before
    assert during
    assert await signed_in_through(service, stub)
