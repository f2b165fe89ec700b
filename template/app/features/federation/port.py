"""Sign-in through a provider: what a provider is, who signs in there, and the port between.

`protocol/` speaks with the providers; `service.py` decides what an identity may do here. A provider
of your own is a `Provider` in the record of your domain.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from app.features.federation.login_methods import Client

type Claims = Mapping[str, Any]
type Fetch = Callable[[str], Awaitable[Any]]
"""GET of a URL with the user's access token; the JSON it answers."""

MAX_TEXT_LENGTH = 255


class RejectedError(Exception):
    """A login that ends without an account: `error` is a word of RFC 6749 section 4.1.2.1."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason


class ProviderUnavailableError(RejectedError):
    """The provider did not answer in time, or not with what it should."""

    def __init__(self, reason: str) -> None:
        super().__init__("temporarily_unavailable", reason)


class AccountRefusedError(RejectedError):
    """The provider no longer answers for the account: it is disabled, or took its consent back."""

    def __init__(self) -> None:
        super().__init__("access_denied", "account_refused")


@dataclass(frozen=True)
class Tokens:
    """The provider's, for the service's own use; no client ever sees them."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody, as a provider knows them: `issuer` and `subject` name them, the e-mail never."""

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    full_name: str | None = None
    username: str | None = None
    hosted_domain: str | None = None
    """The organisation that owns the account, where the provider tells."""
    roles: frozenset[str] | None = None
    """What the role map grants; None where there is no map."""
    tokens: Tokens | None = None


@dataclass(frozen=True)
class Profile:
    """An account as the provider reports it outside a login."""

    identity: Identity
    managed_roles: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Of a provider without discovery, below its issuer."""

    authorization: str
    token: str
    claims: Callable[[str, Fetch], Awaitable[Claims]]
    """Asks the provider who its token belongs to; the first argument is the issuer."""
    response_issuer: str = ""
    """Below the issuer: what it sends as `iss` (RFC 9207), where that is not the issuer itself."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A declaration. Its settings are `<NAME>_CLIENT_ID` and the like; without one it is off."""

    name: str
    display_name: str
    identify: Callable[[Claims], Identity]
    """Claims that have been verified, as an identity."""
    issuer: str | None = None
    """Overridden by `<NAME>_ISSUER`; `{tenant}` in it makes the provider one of many tenants."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    endpoints: Endpoints | None = None
    has_userinfo: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Sent along to the authorization endpoint."""

    @property
    def type(self) -> Literal["oidc", "oauth2"]:
        return "oauth2" if self.endpoints else "oidc"


@dataclass(frozen=True)
class ProviderAnswer:
    """What a browser brings back from the provider."""

    state: str | None
    code: str | None = field(default=None, repr=False)
    iss: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Departure:
    """Where the browser goes, and the secret by which it is known when it is back."""

    url: str
    cookie: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Arrival:
    """A login whose browser is back. `identify` asks the provider; it raises RejectedError."""

    provider: str
    client: Client
    cookie: str
    link_to: UUID | None
    invite_only: bool
    managed_roles: frozenset[str]
    identify: Callable[[], Awaitable[Identity]]


class Federation(Protocol):
    """On the application as `registry.get(app, Federation)`."""

    async def begin(self, provider: str, client: Client, link_to: UUID | None = None) -> str:
        """A one-time handle for `depart`; raises NotFound for a provider that is off."""
        ...

    async def depart(self, provider: str, start: Client | str, callback_uri: str) -> Departure:
        """`start` is a client or the handle of one. Raises NotFound, BadRequest, Unavailable."""
        ...

    async def arrive(
        self, provider: str, answer: ProviderAnswer, cookies: Mapping[str, str]
    ) -> Arrival:
        """Raises NotFound, and BadRequest for a state that is used, expired or somebody else's."""
        ...

    async def refresh(self, provider: str, refresh_token: str | None) -> Tokens:
        """Raises RejectedError."""
        ...

    async def profile(
        self, provider: str, issuer: str, subject: str, access_token: str
    ) -> Profile | None:
        """None where the provider tells nothing without a login. Raises RejectedError."""
        ...

    async def logout_url(
        self, provider: str, id_token: str | None, parameters: dict[str, str]
    ) -> str | None:
        """Where the browser ends its session at the provider; None where none is offered."""
        ...


def openid_identity(claims: Claims) -> Identity:
    """The standard claims of OpenID Connect Core, section 5.1."""
    return Identity(
        issuer=claims["iss"],
        subject=text(claims, "sub") or "",
        email=text(claims, "email"),
        email_verified=claims.get("email_verified") is True,
        full_name=text(claims, "name"),
        username=text(claims, "preferred_username"),
    )


def text(claims: Claims, name: str) -> str | None:
    """A claim that is text a database can store, or None."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_LENGTH:
        return None
    return value if value.isprintable() else None
