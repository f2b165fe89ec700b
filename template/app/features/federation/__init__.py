"""Federated login: providers, one-time codes for clients, and linked identities."""

import logging
from collections.abc import Iterable
from functools import partial

from fastapi import FastAPI

from app.api.token_form import TokenGrants
from app.api.v1.router import PREFIX
from app.core import registry
from app.core.database import Database
from app.core.settings import Settings, SettingsGroup
from app.features.encryption import Encryption, columns
from app.features.federation import provider_tokens, routes
from app.features.federation.authorization import AuthorizationService
from app.features.federation.browser_state import CallbackSettings
from app.features.federation.login_methods import (
    Client,
    FederationSettings,
    LoginMethod,
    LoginMethods,
)
from app.features.federation.port import Federation, Provider
from app.features.federation.protocol.connection import ProviderConnection
from app.features.federation.protocol.flow import Flow
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.providers import PROVIDERS
from app.features.federation.schemas import CodeGrant
from app.features.federation.service import FederationService
from app.features.federation.settings import SECRETS, ProviderSettings
from app.features.mail import MailSettings
from app.features.state_store import StateStore
from app.services.auth import AuthService
from app.services.sessions import Sessions

LOGIN_PATH = "/api/v1/auth/login/{provider}?request={handle}"
TELLTALE_LOGGERS = ("authlib", "httpx2", "httpcore2")
"""At DEBUG they print verifiers and headers."""


def install(app: FastAPI, settings: Settings, own: Iterable[Provider] = ()) -> None:
    settings.group(CallbackSettings)
    frontend_url = settings.group(MailSettings).frontend_url
    methods = LoginMethods(settings.group(FederationSettings), frontend_url)
    registry.add(app, LoginMethods, methods)
    states = registry.get(app, StateStore)
    auth, sessions = registry.get(app, AuthService), registry.get(app, Sessions)
    database = registry.get(app, Database)
    authorization = AuthorizationService(database, auth, sessions, methods, states)
    registry.add(app, AuthorizationService, authorization)
    registry.get(app, TokenGrants).add("authorization_code", CodeGrant, authorization.redeem)
    _install_services(app, authorization)
    connect(app, settings, own)
    app.include_router(routes.router, prefix=PREFIX)


def connect(app: FastAPI, settings: Settings, own: Iterable[Provider] = ()) -> None:
    """Registers the configured providers as login methods, in place of earlier ones."""
    for name in TELLTALE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    connected = connections(settings, own)
    flow = Flow(connected, registry.get(app, StateStore))
    registry.add(app, Flow, flow)
    registry.add(app, Federation, flow)
    for connection in connected.values():
        _follow(settings, connection)
    methods = registry.get(app, LoginMethods)
    methods.by_name.clear()
    for name, connection in connected.items():
        provider = connection.provider
        methods.register(
            LoginMethod(
                name=name,
                display_name=provider.display_name,
                type=provider.type,
                scopes=provider.scopes,
                begin=partial(_begin, flow, name),
                complete=registry.get(app, FederationService).link,
            )
        )


def _install_services(app: FastAPI, authorization: AuthorizationService) -> None:
    database, encryption = registry.get(app, Database), registry.get(app, Encryption)
    columns.register(app, provider_tokens.TOKENS)
    tokens = ProviderTokens(database, encryption, lambda: registry.get(app, Federation))
    registry.add(app, ProviderTokens, tokens)
    service = FederationService(database, encryption, tokens, authorization)
    registry.add(app, FederationService, service)


def connections(settings: Settings, own: Iterable[Provider]) -> dict[str, ProviderConnection]:
    """By name; a provider without a client id is off. Raises ConfigurationError."""
    configured = {p.name: (p, ProviderSettings(p, settings)) for p in (*PROVIDERS, *own)}
    return {
        name: ProviderConnection(provider, group)
        for name, (provider, group) in configured.items()
        if group.is_enabled
    }


def _follow(settings: Settings, connection: ProviderConnection) -> None:
    """To other client secrets; the rest of a provider's settings needs another start."""

    async def follow(_: SettingsGroup) -> None:
        connection.follow(ProviderSettings(connection.provider, settings).secrets)

    names = {f"{connection.provider.name}_{name}" for name in SECRETS}
    settings.on_change(connection.settings.group, names, follow)


async def _begin(flow: Flow, name: str, client: Client) -> str:
    handle = await flow.begin(name, client)
    return LOGIN_PATH.format(provider=name, handle=handle)
