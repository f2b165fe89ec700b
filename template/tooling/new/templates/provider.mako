=== app/domains/${name}/__init__.py
"""Sign-in through ${name}: its settings begin with `${name.upper()}_`."""

from fastapi import FastAPI

from app.core.settings import Settings
from app.domains import Domain
from app.features.federation.port import Provider, openid_identity

PROVIDER = Provider(name="${name}", display_name=${display_name}, identify=openid_identity)


def install(app: FastAPI, settings: Settings) -> None:
    """Nothing but the provider."""


DOMAIN = Domain(install=install, providers=(PROVIDER,))
=== tests/domains/${name}/test_${name}.py
"""Sign-in through ${name}, whose part a server on loopback takes."""

from app.domains.${name} import PROVIDER
from tests.features.federation.browser import signed_in_through
from tests.features.federation.own import listed, offered
from tests.support.service import Service


async def test_it_is_off_without_a_client_id(service: Service) -> None:
    assert PROVIDER.name not in await listed(service)


async def test_two_logins_in_a_row_open_one_account(database_url: str) -> None:
    async with offered(database_url, PROVIDER.name) as (service, stub):
        shown = (await listed(service))[PROVIDER.name]
        stub.claims = {"email": "ada@example.com", "email_verified": True}
        first = await signed_in_through(service, stub, PROVIDER.name)
        second = await signed_in_through(service, stub, PROVIDER.name)

    assert shown["display_name"] == PROVIDER.display_name
    assert first["email"] == "ada@example.com"
    assert first["user_id"] == second["user_id"]
    assert (first["is_new_user"], second["is_new_user"]) == (True, False)
