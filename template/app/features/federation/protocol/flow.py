"""The flow, once for all providers: depart with state, nonce and PKCE; arrive, in the same browser.

A state is kept in the state store and taken once. It is bound to the browser by a cookie of its
own, so that two tabs do not disturb each other.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from app.core.http.errors import BadRequest, NotFound, Unavailable
from app.features.federation.login_methods import Client
from app.features.federation.port import (
    Arrival,
    Departure,
    Identity,
    Profile,
    ProviderAnswer,
    ProviderUnavailableError,
    RejectedError,
    Tokens,
)
from app.features.federation.protocol import profiles
from app.features.federation.protocol.connection import ProviderConnection
from app.features.state_store import State, StateStore

REQUEST_PURPOSE = "oauth-request"
STATE_PURPOSE = "oauth-state"
TTL = timedelta(minutes=10)
VERIFIER_BYTES = 64
MAX_CODE_LENGTH = 4_096
PASSED_ON = {
    *("access_denied", "login_required", "consent_required", "interaction_required"),
    *("account_selection_required", "temporarily_unavailable"),
}
"""Words of a provider that the client hears too; every other is a `server_error`."""


class Flow:
    """The federation port of `app.features.federation.port`."""

    def __init__(self, connections: Mapping[str, ProviderConnection], states: StateStore) -> None:
        self.connections = connections
        self._states = states

    async def begin(self, provider: str, client: Client, link_to: UUID | None = None) -> str:
        self._connection(provider)
        request = {"provider": provider, **_stored(client, link_to)}
        return await self._states.put(REQUEST_PURPOSE, request, TTL)

    async def depart(self, provider: str, start: Client | str, callback_uri: str) -> Departure:
        connection = self._connection(provider)
        request = await self._request(provider, start)
        secret, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        state = await self._states.put(
            STATE_PURPOSE,
            {
                **request,
                "callback_uri": callback_uri,
                "nonce": nonce,
                "verifier": verifier,
                "browser": _digest(secret),
            },
            TTL,
        )
        try:
            url = await connection.authorization_url(
                callback_uri, state=state, nonce=nonce, verifier=verifier
            )
        except ProviderUnavailableError:
            raise Unavailable("provider_unavailable", "The provider cannot answer now.") from None
        return Departure(url, _cookie(state), secret)

    async def arrive(
        self, provider: str, answer: ProviderAnswer, cookies: Mapping[str, str]
    ) -> Arrival:
        connection = self._connection(provider)
        known = await self._states.take(STATE_PURPOSE, answer.state) if answer.state else None
        secret = cookies.get(_cookie(answer.state or ""), "")
        if known is None or known["provider"] != provider or not _is_same(known, secret):
            raise BadRequest("state_invalid", "This login is not under way in this browser.")
        link_to = known["link_to"]
        return Arrival(
            provider=provider,
            client=Client(known["redirect_uri"], known["state"], known["code_challenge"]),
            cookie=_cookie(answer.state or ""),
            link_to=UUID(link_to) if link_to else None,
            invite_only=connection.settings.is_invite_only,
            managed_roles=frozenset(connection.settings.role_map.values()),
            identify=partial(_identify, connection, known, answer),
        )

    async def refresh(self, provider: str, refresh_token: str | None) -> Tokens:
        if refresh_token is None:
            raise RejectedError("access_denied", "no_refresh_token")
        return await self._connection(provider).refresh(refresh_token)

    async def profile(
        self, provider: str, issuer: str, subject: str, access_token: str
    ) -> Profile | None:
        connection = self._connection(provider)
        identity = await profiles.profile(connection, issuer, subject, access_token)
        roles = frozenset(connection.settings.role_map.values())
        return Profile(identity, roles) if identity else None

    async def logout_url(
        self, provider: str, id_token: str | None, parameters: dict[str, str]
    ) -> str | None:
        try:
            return await self._connection(provider).logout_url(id_token, parameters)
        except ProviderUnavailableError:
            raise Unavailable("provider_unavailable", "The provider cannot answer now.") from None

    def _connection(self, provider: str) -> ProviderConnection:
        if provider not in self.connections:
            raise NotFound("provider_not_found", "There is no such provider.")
        return self.connections[provider]

    async def _request(self, provider: str, start: Client | str) -> State:
        if isinstance(start, Client):
            return {"provider": provider, **_stored(start, None)}
        request = await self._states.take(REQUEST_PURPOSE, start)
        if request is None or request["provider"] != provider:
            raise BadRequest("request_invalid", "This request is used, expired or unknown.")
        return request


async def _identify(
    connection: ProviderConnection, known: State, answer: ProviderAnswer
) -> Identity:
    await connection.check_issuer(answer.iss)
    if answer.error is not None:
        word = answer.error if answer.error in PASSED_ON else "server_error"
        raise RejectedError(word, "provider_refused")
    if not answer.code or len(answer.code) > MAX_CODE_LENGTH:
        raise RejectedError("access_denied", "code_missing")
    return await connection.identify(
        answer.code, known["callback_uri"], nonce=known["nonce"], verifier=known["verifier"]
    )


def _stored(client: Client, link_to: UUID | None) -> dict[str, Any]:
    return {
        "redirect_uri": client.redirect_uri,
        "state": client.state,
        "code_challenge": client.code_challenge,
        "link_to": str(link_to) if link_to else None,
    }


def _cookie(state: str) -> str:
    """The name of the state's own cookie; no state can be read off it."""
    return _digest(f"cookie/{state}")[:16]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _is_same(known: State, secret: str) -> bool:
    return hmac.compare_digest(known["browser"], _digest(secret))
