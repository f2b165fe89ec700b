"""A service in which a provider of the owner's is on: a stub on loopback takes its part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.features.federation.pkce import REDIRECT_URI
from tests.features.federation.stub import CLIENT_ID, SECRET, Server, Stub
from tests.support.service import Service, running

INSTALLED = """
from app.domains import Domain
from app.features.federation.port import Provider, openid_identity

ACME = Provider(name="acme", display_name="Acme", identify=openid_identity)
DOMAINS = (Domain(install=lambda app, settings: None, providers=(ACME,)),)
"""
"""For a process of its own: `app/installed.py` with a provider `acme`."""


@asynccontextmanager
async def offered(database_url: str, name: str) -> AsyncIterator[tuple[Service, Stub]]:
    """`name` is of a provider that `app/installed.py` brings."""
    server = Server()
    settings = {"issuer": server.url, "client_id": CLIENT_ID, "client_secret": SECRET}
    values = {f"{name}_{setting}": value for setting, value in settings.items()}
    try:
        async with running(
            database_url=database_url, oauth_redirect_uris=REDIRECT_URI, **values
        ) as service:
            yield service, server.stub
    finally:
        server.close()


async def listed(service: Service) -> dict[str, dict[str, str]]:
    """By name, as a client sees those that are on."""
    response = await service.client.get("/api/v1/auth/providers")
    providers: dict[str, dict[str, str]] = response.json()["providers"]
    return providers
