"""The keys of access tokens: secrets for HS256, a watched directory for ES256 and RS256."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI

from app.core import lifespan
from app.core.config import ConfigurationError
from app.core.config import Settings
from app.core.config import SettingsGroup
from app.core.key_directory import KeyDirectory
from app.core.key_directory import exposed
from app.core.key_directory import write_key
from app.core.secret_keys import SecretList
from app.core.signing_key import Algorithm
from app.core.signing_key import SigningKey

DEVELOPMENT_DIRECTORY = "jwt_keys"


class KeyRing(Protocol):
    def verifying(self) -> list[SigningKey]: ...

    def signing(self) -> SigningKey: ...

    def find(self, kid: str) -> SigningKey | None: ...


class SecretKeys:
    """The first key signs, all of them verify."""

    def __init__(self, secrets: SecretList) -> None:
        self._secrets = secrets
        self._made: dict[bytes, SigningKey] = {}

    def verifying(self) -> list[SigningKey]:
        secrets = self._secrets.in_use()
        self._made = {one: self._made.get(one) or SigningKey.hs256(one) for one in secrets}
        return list(self._made.values())

    def signing(self) -> SigningKey:
        return self.verifying()[0]

    def find(self, kid: str) -> SigningKey | None:
        return next((key for key in self.verifying() if key.kid == kid), None)


class SigningSettings(SettingsGroup):
    jwt_algorithm: Algorithm = "HS256"
    """What signs access tokens: SECRET_KEY, or the keys of JWT_KEYS_DIR."""
    jwt_keys_dir: Path | None = None
    """Of `<kid>.pem`, for ES256 and RS256."""

    def problems(self) -> Iterator[str]:
        if self.jwt_algorithm == "HS256":
            return
        if self.jwt_keys_dir is None:
            yield f"JWT_KEYS_DIR: production needs one for {self.jwt_algorithm}"
        elif not self.jwt_keys_dir.is_dir():
            yield f"JWT_KEYS_DIR: {self.jwt_keys_dir} is not a directory"
        else:
            directory = KeyDirectory(self.jwt_keys_dir, self.jwt_algorithm)
            for sentence in (*directory.reread(), *exposed(self.jwt_keys_dir)):
                yield f"JWT_KEYS_DIR: {sentence}"


def from_settings(settings: Settings, secrets: SecretList) -> KeyRing:
    group = settings.group(SigningSettings)
    if group.jwt_algorithm == "HS256":
        return SecretKeys(secrets)
    path = keys_directory(group, settings)
    directory = KeyDirectory(path, group.jwt_algorithm)
    is_generated = group.jwt_keys_dir is None and not settings.runtime.is_production
    if is_generated and not any(path.glob("*.pem")):
        with suppress(FileExistsError):  # another process has just made one
            write_key(path, group.jwt_algorithm)
    problems = directory.reread()
    if not directory.verifying():
        if settings.runtime.is_production:
            return SecretKeys(secrets)  # settings.check() refuses to start
        raise ConfigurationError([f"JWT_KEYS_DIR: {problem}" for problem in problems])
    return directory


def watch(app: FastAPI, ring: KeyRing, seconds: float) -> None:
    """A new key is seen without a restart, well within half a minute."""
    if isinstance(ring, KeyDirectory):

        async def reread() -> None:
            ring.reread()

        lifespan.add(app, lambda: lifespan.repeated(reread, seconds))


def keys_directory(group: SigningSettings, settings: Settings) -> Path:
    return group.jwt_keys_dir or settings.runtime.data_dir / DEVELOPMENT_DIRECTORY
