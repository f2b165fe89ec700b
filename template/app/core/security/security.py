"""Secrets of the process, their strength, and what is derived from them."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI, Request
from pydantic import Field, SecretStr

from app.core import project, registry
from app.core.security.password_policy import PasswordPolicy
from app.core.security.passwords import Passwords
from app.core.security.tokens import AccessTokens, SecretKeys
from app.core.settings import RuntimeSettings, Settings, SettingsGroup

MIN_KEY_BYTES = 32
MIN_DISTINCT_CHARACTERS = 12
WELL_KNOWN_PARTS = ("changeme", "change-me", "change_me", "secret", "password", "your-", "example")


def _project_name() -> str:
    return project.project().name


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
    def secrets(self) -> list[bytes]:
        """SECRET_KEY and SECRET_KEY_PREVIOUS, where they are set."""
        both = (self.secret_key, self.secret_key_previous)
        return [one.get_secret_value().encode() for one in both if one is not None]

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

    def __init__(self, settings: Settings) -> None:
        group = self.settings = settings.group(SecuritySettings)
        secrets = group.secrets
        if group.secret_key is None:
            secrets.insert(0, _missing_key(settings.runtime).encode())
        self.secrets: Callable[[], list[bytes]] = lambda: secrets
        """The first one signs and derives, all of them verify."""
        is_granted = group.password_grant_enabled
        self.password_grant_enabled = (
            not settings.runtime.is_production if is_granted is None else is_granted
        )
        self.passwords = Passwords()
        self.password_policy = PasswordPolicy(
            group.password_min_length, group.password_breach_check_url
        )
        self.access_tokens = AccessTokens(
            SecretKeys(lambda: self.secrets()),
            issuer=group.jwt_issuer,
            audience=group.jwt_audience,
            client_id=group.jwt_client_id,
            max_lifetime=group.access_token_ttl,
        )

    def derived_keys(self, purpose: str) -> list[bytes]:
        """In the order of `secrets`."""
        return [derive(secret, purpose) for secret in self.secrets()]


def install(app: FastAPI, settings: Settings) -> None:
    registry.add(app, Security, Security(settings))


def security_of(request: Request) -> Security:
    return registry.get(request, Security)


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


def _missing_key(runtime: RuntimeSettings) -> str:
    if runtime.is_production:  # settings.check() refuses to start
        return secrets.token_urlsafe(MIN_KEY_BYTES)
    return development_key(runtime.data_dir)


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
