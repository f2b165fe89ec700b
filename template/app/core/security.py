"""Secrets of the process and what is derived from them."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi import Request
from pydantic import Field
from pydantic import SecretStr

from app.core import about
from app.core import key_ring
from app.core.config import Settings
from app.core.config import SettingsGroup
from app.core.key_ring import KeyRing
from app.core.password_policy import PasswordPolicy
from app.core.passwords import Passwords
from app.core.reloading import Reloading
from app.core.secret_keys import SecretList
from app.core.tokens import AccessTokens

MIN_KEY_BYTES = 32
MIN_DISTINCT_CHARACTERS = 12
ROTATED = {"secret_key", "secret_key_previous"}
WELL_KNOWN_PARTS = ("changeme", "change-me", "change_me", "secret", "password", "your-", "example")


def _project_name() -> str:
    return about.project().name


class SecuritySettings(SettingsGroup):
    secret_key: SecretStr | None = None
    """Signs and derives; development makes one and keeps it below DATA_DIR."""
    secret_key_previous: SecretStr | None = None
    """Verifies, while SECRET_KEY changes."""
    jwt_issuer: str = Field(default_factory=_project_name)
    """`iss` of access tokens."""
    jwt_audience: str = Field(default_factory=_project_name)
    """`aud` of access tokens."""
    jwt_client_id: str = Field(default_factory=_project_name)
    """`client_id` of access tokens; a form that names a client must name this one."""
    access_token_ttl_seconds: int = Field(900, ge=1, le=900)
    """How long an access token works."""
    refresh_token_ttl_seconds: int = Field(2_592_000, ge=1, le=2_592_000)
    """How long a session lasts."""
    refresh_token_idle_seconds: int = Field(604_800, ge=1, le=604_800)
    """How long a session lasts that nobody refreshes."""
    refresh_reuse_grace_seconds: int = Field(0, ge=0, le=10)
    """How long a refresh token that was used gives its successor again."""
    password_min_length: int = Field(15, ge=8, le=128)
    """Characters of a new password."""
    password_breach_check_url: str | None = None
    """A k-anonymity range service, asked for the first five characters of a SHA-1."""
    password_grant_enabled: bool | None = None
    """Whether a password buys a token at `/auth/token`; off in production unless it is said."""

    @property
    def access_token_ttl(self) -> timedelta:
        return timedelta(seconds=self.access_token_ttl_seconds)

    @property
    def refresh_token_ttl(self) -> timedelta:
        return timedelta(seconds=self.refresh_token_ttl_seconds)

    @property
    def refresh_token_idle(self) -> timedelta:
        return timedelta(seconds=self.refresh_token_idle_seconds)

    def problems(self) -> Iterator[str]:
        if self.secret_key is None:
            yield "SECRET_KEY: production needs one; `app keys generate` prints a new key"
        for name in ("secret_key", "secret_key_previous"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None and (weakness := key_weakness(secret.get_secret_value())):
                yield f"{name.upper()}: {weakness}"

    def warnings(self) -> Iterator[str]:
        if self.password_min_length < 15:
            yield "PASSWORD_MIN_LENGTH: a password that is the only factor should have 15"


class Security:
    """What the running service signs, derives and hashes with."""

    def __init__(
        self,
        settings: SecuritySettings,
        secrets: SecretList,
        *,
        ring: KeyRing,
        password_grant_enabled: bool,
    ) -> None:
        self.settings = settings
        self.password_grant_enabled = password_grant_enabled
        self._secrets = secrets
        self.passwords = Passwords()
        self.ring = ring
        self.password_policy = PasswordPolicy(
            settings.password_min_length, settings.password_breach_check_url
        )
        self.access_tokens = AccessTokens(
            ring,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            client_id=settings.jwt_client_id,
            max_lifetime=settings.access_token_ttl,
        )

    def derived_keys(self, purpose: str) -> list[bytes]:
        """The one to use first, then the one that is being rotated in or out."""
        return [derive(key, purpose) for key in self._secrets.in_use()]

    async def follow(self, settings: SecuritySettings) -> None:
        """To other secrets; where SECRET_KEY is gone, the one in force stays."""
        if settings.secret_key is not None:
            self._secrets.replace(_listed(settings.secret_key, settings.secret_key_previous))


def install(app: FastAPI, settings: Settings) -> None:
    security = app.state.security = from_settings(settings)
    reloading: Reloading = app.state.reloading
    reloading.listen(SecuritySettings, ROTATED, security.follow)
    key_ring.watch(app, security.ring, settings.runtime.secrets_reload_seconds)


def from_settings(settings: Settings) -> Security:
    group = settings.group(SecuritySettings)
    if group.secret_key is not None:
        current = group.secret_key
    elif settings.runtime.is_production:
        # settings.check() refuses to start
        current = SecretStr(secrets.token_urlsafe(MIN_KEY_BYTES))
    else:
        current = SecretStr(development_key(settings.runtime.data_dir))
    keys = SecretList(_listed(current, group.secret_key_previous))
    grant = group.password_grant_enabled
    return Security(
        group,
        keys,
        ring=key_ring.from_settings(settings, keys),
        password_grant_enabled=not settings.runtime.is_production if grant is None else grant,
    )


def security_of(request: Request) -> Security:
    security: Security = request.app.state.security
    return security


def derive(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that a token of one kind never verifies as another."""
    return hmac.digest(secret, b"app/" + purpose.encode(), hashlib.sha256)


def key_weakness(key: str) -> str | None:
    """What is wrong with a secret key, or None. The sentence never holds the key."""
    if len(key.encode()) < MIN_KEY_BYTES:
        return f"needs at least {MIN_KEY_BYTES} bytes of entropy"
    if len(set(key)) < MIN_DISTINCT_CHARACTERS:
        return f"needs at least {MIN_DISTINCT_CHARACTERS} distinct characters"
    if key in (key + key)[1:-1]:
        return "is one pattern repeated"
    if any(part in key.lower() for part in WELL_KNOWN_PARTS):
        return "looks like a value from an example"
    return None


def _listed(current: SecretStr, previous: SecretStr | None) -> list[bytes]:
    listed = [current] if previous is None else [current, previous]
    return [one.get_secret_value().encode() for one in listed]


def development_key(data_dir: Path) -> str:
    """Kept in an untracked file of mode 0600, so that logins outlive a restart."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(MIN_KEY_BYTES)
        file.write(key)
    return key
