"""Where a login by redirect may end, and the ways in beside a password that parts register."""

from collections.abc import Awaitable
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import Literal
from uuid import UUID

from fastapi import FastAPI
from pydantic import Field

from app.core.config import CommaList
from app.core.config import Settings
from app.core.config import SettingsGroup


class SignInSettings(SettingsGroup):
    frontend_url: str | None = None
    """Where a browser is sent whose client named no other place."""
    oauth_redirect_uris: CommaList = Field(default_factory=list)
    """Where clients may be sent back to with a code, each to the letter."""


@dataclass(frozen=True)
class Client:
    """Where the answer goes, and the challenge whose verifier alone redeems it (RFC 7636)."""

    redirect_uri: str
    state: str
    code_challenge: str


@dataclass(frozen=True)
class Way:
    """A provider beside `local`, as clients see it, and what it does at both ends of a login."""

    name: str
    display_name: str
    type: Literal["oidc", "oauth2"]
    scopes: tuple[str, ...]
    begin: Callable[[Client], Awaitable[str]]
    """Where the browser begins, as a path of this service."""
    complete: Callable[[UUID, dict[str, Any]], Awaitable[None]]
    """What was left to do when the client came back with its code; raises AppError."""


class SignIn:
    def __init__(self, settings: SignInSettings) -> None:
        self.ways: dict[str, Way] = {}
        self._default = settings.frontend_url
        self._allowed = {*settings.oauth_redirect_uris, *filter(None, [settings.frontend_url])}

    def register(self, way: Way) -> None:
        self.ways[way.name] = way

    def redirect_uri(self, wanted: str | None) -> str | None:
        """The exact address, or None where it is on no list; nothing is parsed or completed."""
        uri = wanted or self._default
        return uri if uri in self._allowed else None


def install(app: FastAPI, settings: Settings) -> None:
    app.state.sign_in = SignIn(settings.group(SignInSettings))
