from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache

import pytest
from fastapi import FastAPI

from app import installed
from app.core import registry
from app.core.settings import Settings
from app.domains import Domain
from app.features import federation
from app.features.federation.port import Provider, openid_identity
from app.main import create_app
from tests.features.federation.pkce import REDIRECT_URI
from tests.features.federation.stub import CLIENT_ID, SECRET, Server, Stub
from tests.support.service import SECRET_KEY, Service, entered

NAME = "acme"
ACME = Provider(name=NAME, display_name="Acme", identify=openid_identity)
"""A provider of the owner's, so that these tests need none of the template's."""

type Configure = Callable[..., None]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def stub(server: Server) -> Iterator[Stub]:
    server.stub = Stub(server.url)
    yield server.stub
    server.stub.released.set()


@pytest.fixture
async def service(emptied_database_url: str, stub: Stub) -> AsyncIterator[Service]:
    """With the stub as its provider `acme`, of which it knows nothing yet."""
    app = federated_app(emptied_database_url, stub.url)
    federation.connect(app, registry.get(app, Settings), [ACME])
    async with entered(app) as service:
        yield service


@pytest.fixture
def configure(service: Service, stub: Stub) -> Configure:
    """Gives the provider other settings."""

    def configured(*providers: Provider, **values: str) -> None:
        settings = Settings(env_file=None, environment="test", **(defaults(stub.url) | values))
        federation.connect(service.app, settings, providers or [ACME])

    return configured


@cache
def federated_app(database_url: str, issuer: str) -> FastAPI:
    """Made once: FastAPI works out every route anew for each application."""
    values = {"environment": "test", "secret_key": SECRET_KEY, "oauth_redirect_uris": REDIRECT_URI}
    with pytest.MonkeyPatch.context() as patch:
        domain = Domain(install=lambda app, settings: None, providers=(ACME,))
        patch.setattr(installed, "DOMAINS", (domain,))
        return create_app(
            Settings(env_file=None, database_url=database_url, **values, **defaults(issuer))
        )


def defaults(issuer: str) -> dict[str, str]:
    return {"acme_issuer": issuer, "acme_client_id": CLIENT_ID, "acme_client_secret": SECRET}


@pytest.fixture
def acme_in_environment(monkeypatch: pytest.MonkeyPatch, stub: Stub) -> None:
    """For commands, which read their settings themselves."""
    domain = Domain(install=lambda app, settings: None, providers=(ACME,))
    monkeypatch.setattr(installed, "DOMAINS", (domain,))
    monkeypatch.setenv("ACME_ISSUER", stub.url)
    monkeypatch.setenv("ACME_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("ACME_CLIENT_SECRET", SECRET)
