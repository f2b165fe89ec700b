"""Federated login: the providers that are configured, behind the federation port."""

import logging
from collections.abc import Iterable
from functools import partial

from fastapi import FastAPI

from app.core.config import Settings
from app.core.config import SettingsGroup
from app.core.federation import Provider
from app.core.sign_in import Client
from app.core.sign_in import SignIn
from app.core.sign_in import Way
from app.features.oauth.connection import Connection
from app.features.oauth.flow import Flow
from app.features.oauth.providers import PROVIDERS
from app.features.oauth.settings import SECRETS
from app.features.oauth.settings import ProviderSettings

LOGIN_PATH = "/api/v1/auth/login/{provider}?request={handle}"
TELLTALE_LOGGERS = ("authlib", "httpx2", "httpcore2")
"""At DEBUG they print verifiers and headers."""


def install(app: FastAPI, settings: Settings, own: Iterable[Provider] = ()) -> None:
    for name in TELLTALE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    connected = connections(settings, own)
    flow = app.state.federation = Flow(connected, app.state.state_store)
    for connection in connected.values():
        _follow(app, settings, connection)
    sign_in: SignIn = app.state.sign_in
    sign_in.ways.clear()
    for name, connection in connected.items():
        provider = connection.provider
        sign_in.register(
            Way(
                name=name,
                display_name=provider.display_name,
                type=provider.type,
                scopes=provider.scopes,
                begin=partial(_begin, flow, name),
                complete=app.state.federated_accounts.link,
            )
        )


def connections(settings: Settings, own: Iterable[Provider]) -> dict[str, Connection]:
    """By name; a provider without a client id is off. Raises ConfigurationError."""
    configured = {p.name: (p, ProviderSettings(p, settings)) for p in (*PROVIDERS, *own)}
    return {
        name: Connection(provider, group)
        for name, (provider, group) in configured.items()
        if group.is_enabled
    }


def _follow(app: FastAPI, settings: Settings, connection: Connection) -> None:
    """To other client secrets; the rest of a provider's settings needs another start."""

    async def follow(_: SettingsGroup) -> None:
        connection.follow(ProviderSettings(connection.provider, settings).secrets)

    names = {f"{connection.provider.name}_{name}" for name in SECRETS}
    app.state.reloading.listen(connection.settings.group, names, follow)


async def _begin(flow: Flow, name: str, client: Client) -> str:
    handle = await flow.begin(name, client)
    return LOGIN_PATH.format(provider=name, handle=handle)
