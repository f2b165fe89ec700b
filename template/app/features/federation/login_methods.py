"""Where a login by redirect may end, and the login methods beside a password."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.core.settings import CommaList, SettingsGroup


class FederationSettings(SettingsGroup):
    oauth_redirect_uris: CommaList = Field(default_factory=list)
    """Where clients may be sent back to with a code, each to the letter."""


@dataclass(frozen=True)
class Client:
    """Where the answer goes, and the challenge whose verifier alone redeems it (RFC 7636)."""

    redirect_uri: str
    state: str
    code_challenge: str


@dataclass(frozen=True)
class LoginMethod:
    """A provider beside `local`, as clients see it, and what it does at both ends of a login."""

    name: str
    display_name: str
    type: Literal["oidc", "oauth2"]
    scopes: tuple[str, ...]
    begin: Callable[[Client], Awaitable[str]]
    """Where the browser begins, as a path of this service."""
    complete: Callable[[UUID, dict[str, Any]], Awaitable[None]]
    """What was left to do when the client came back with its code; raises AppError."""


class LoginMethods:
    def __init__(self, settings: FederationSettings, frontend_url: str | None) -> None:
        self.by_name: dict[str, LoginMethod] = {}
        self._default = frontend_url
        self._allowed = {*settings.oauth_redirect_uris, *filter(None, [frontend_url])}

    def register(self, method: LoginMethod) -> None:
        self.by_name[method.name] = method

    def redirect_uri(self, wanted: str | None) -> str | None:
        """The exact address, or None where it is on no list; nothing is parsed or completed."""
        uri = wanted or self._default
        return uri if uri in self._allowed else None
