"""A login at one provider, step by step, as the service would take it; no account is made.

discovery ─> keys ─> token endpoint ─> authorization ─> callback ─> tokens ─> claims ─> identity
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import typer
from joserfc.errors import JoseError

from app.core.http.errors import AppError
from app.features.federation.debug_callback import HOST, Callback, PortTakenError
from app.features.federation.login_methods import Client
from app.features.federation.port import Departure, Identity, ProviderAnswer, RejectedError
from app.features.federation.protocol.answers import kind_of
from app.features.federation.protocol.connection import HOSTILE, ProviderConnection
from app.features.federation.protocol.flow import Flow
from app.features.state_store import StateStore

CALLBACK_PATH = "/api/v1/auth/callback/{provider}"
HIDDEN = "***"
SECRET_PARAMETERS = {"state", "nonce", "code", "code_challenge"}
SHOWN_OF_TOKENS = {"token_type", "expires_in", "scope"}
HIDDEN_CLAIMS = {"nonce", "at_hash", "c_hash", "s_hash", "jti", "sid"}
MAX_SHOWN = 200


@dataclass(frozen=True)
class Options:
    port: int
    timeout_seconds: int
    """How long the browser may take; 0 ends the walk before the login."""
    pastes: bool
    base_url: str | None
    """Where the provider sends browsers, if it is not the loopback address."""


class DebugLogin:
    def __init__(
        self, connection: ProviderConnection, states: StateStore, options: Options
    ) -> None:
        self._connection = connection
        self._name = connection.provider.name
        self._flow = Flow({self._name: connection}, states)
        self._options = options
        self._path = CALLBACK_PATH.format(provider=self._name)
        connection.observe = self._observed

    async def run(self) -> bool:
        """False where a step failed; the last line says why."""
        try:
            await self._published()
            await self._secrets()
            if self._options.timeout_seconds:
                await self._login()
        except (RejectedError, AppError, PortTakenError, TimeoutError) as error:
            typer.secho(f"failed: {_reason(error)}", fg=typer.colors.RED)
            return False
        return True

    async def _published(self) -> None:
        discovery = self._connection.discovery
        metadata = await discovery.metadata()
        typer.echo(f"discovery: {metadata['issuer']}")
        for endpoint in sorted(name for name in metadata if name.endswith(("_endpoint", "_uri"))):
            typer.echo(f"  {endpoint}: {metadata[endpoint]}")
        if self._connection.provider.endpoints is None:
            keys = (await discovery.keys())["keys"]
            typer.echo(f"keys: {', '.join(str(key.get('kid')) for key in keys)}")

    async def _secrets(self) -> None:
        for name in self._connection.settings.secrets:
            state = "works" if await self._connection.knows(name) else "is not known"
            typer.echo(f"token endpoint: {name or 'public client'} {state}")

    async def _login(self) -> None:
        if self._options.pastes:
            base_url = self._options.base_url or f"http://{HOST}:{self._options.port}"
            departure = await self._departure(base_url)
            typer.echo(f"open {departure.url}")
            pasted = typer.prompt("and paste the address where it ends", hide_input=True)
            return await self._arrival(departure, _parameters(pasted))
        callback = Callback(self._path)
        async with callback.listening(self._options.port) as port:
            base_url = f"http://{HOST}:{port}"
            departure = await self._departure(base_url)
            callback.destination = departure.url
            seconds = self._options.timeout_seconds
            typer.echo(f"open {base_url}/ in a browser within {seconds} s")
            answer = await callback.answer(seconds)
        return await self._arrival(departure, answer)

    async def _departure(self, base_url: str) -> Departure:
        client = Client(f"{base_url}/", "debug", "c" * 43)
        departure = await self._flow.depart(self._name, client, f"{base_url}{self._path}")
        typer.echo(f"authorization: {_redacted(departure.url)}")
        return departure

    async def _arrival(self, departure: Departure, answer: Mapping[str, str]) -> None:
        typer.echo(f"callback: {_listed(answer, set(answer) - SECRET_PARAMETERS)}")
        back = ProviderAnswer(*(answer.get(name) for name in ("state", "code", "iss", "error")))
        cookies = {departure.cookie: departure.secret}
        arrival = await self._flow.arrive(self._name, back, cookies)
        self._told(await arrival.identify())

    def _observed(self, step: str, facts: Mapping[str, Any]) -> None:
        if step == "tokens":
            typer.echo(f"tokens: {_listed(facts, SHOWN_OF_TOKENS)}")
            return
        is_signed = self._connection.provider.endpoints is None
        typer.echo(f"claims: {'verified' if is_signed else 'told by the API of the provider'}")
        for name in sorted(facts):
            typer.echo(f"  {_listed({name: facts[name]}, {name} - HIDDEN_CLAIMS)}")

    def _told(self, identity: Identity) -> None:
        verified = "verified" if identity.email_verified else "not verified"
        typer.echo(f"identity: {_shown(identity.subject)} of {identity.issuer}")
        typer.echo(f"  email: {_shown(identity.email)}, {verified}")
        if identity.roles is not None:
            typer.echo(f"  roles: {', '.join(sorted(identity.roles)) or 'none'}")


def _reason(error: Exception) -> str:
    """With what a library found wrong; a provider's free text is left out."""
    if isinstance(error, AppError):
        return error.detail
    if isinstance(error, TimeoutError):
        return "no browser came back in time"
    if not isinstance(error, RejectedError):
        return str(error)
    cause = error.__context__
    if isinstance(cause, JoseError):
        return f"{error.reason}: {_shown(cause)}"
    return f"{error.reason}: {kind_of(cause)}" if isinstance(cause, HOSTILE) else error.reason


def _parameters(address: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(address.strip()).query))
    except ValueError:
        return {}


def _listed(values: Mapping[str, Any], shown: set[str]) -> str:
    return " ".join(
        f"{_shown(name)}={_shown(value) if name in shown else HIDDEN}"
        for name, value in sorted(values.items())
    )


def _shown(value: object) -> str:
    """On one line of a terminal, whatever the provider sent."""
    text = str(value)[:MAX_SHOWN]
    return "".join(character if character.isprintable() else "?" for character in text)


def _redacted(url: str) -> str:
    """The values that are of this login alone stay out of a terminal's history."""
    parts = urlsplit(url)
    shown = [
        (name, HIDDEN if name in SECRET_PARAMETERS else value)
        for name, value in parse_qsl(parts.query)
    ]
    return parts._replace(query=urlencode(shown, safe="*:/")).geturl()
