"""Which algorithm signs access tokens, and the directory of its keys."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.core.settings import ConfigurationError, Settings, SettingsGroup
from app.features.signing_keys.asymmetric import Algorithm
from app.features.signing_keys.directory import KeyDirectory, exposed, write_key

DEVELOPMENT_DIRECTORY = "jwt_keys"


class SigningSettings(SettingsGroup):
    jwt_algorithm: Algorithm = "ES256"
    """Signs access tokens."""
    jwt_keys_dir: Path | None = None
    """Of `<kid>.pem`; development makes one below DATA_DIR."""

    def problems(self) -> Iterator[str]:
        if self.jwt_keys_dir is None:
            yield "JWT_KEYS_DIR: production needs one; `app keys rotate` writes its first key"
        elif not self.jwt_keys_dir.is_dir():
            yield f"JWT_KEYS_DIR: {self.jwt_keys_dir} is not a directory"
        else:
            directory = KeyDirectory(self.jwt_keys_dir, self.jwt_algorithm)
            for sentence in (*directory.reread(), *exposed(self.jwt_keys_dir)):
                yield f"JWT_KEYS_DIR: {sentence}"


def key_directory(settings: Settings) -> KeyDirectory:
    """Raises ConfigurationError, except in production: settings.check() refuses to start there."""
    group = settings.group(SigningSettings)
    path = keys_directory(group, settings)
    directory = KeyDirectory(path, group.jwt_algorithm)
    is_generated = group.jwt_keys_dir is None and not settings.runtime.is_production
    if is_generated and not any(path.glob("*.pem")):
        with suppress(FileExistsError):  # another process has just made one
            write_key(path, group.jwt_algorithm)
    problems = directory.reread()
    if not directory.verifying() and not settings.runtime.is_production:
        raise ConfigurationError([f"JWT_KEYS_DIR: {problem}" for problem in problems])
    return directory


def keys_directory(group: SigningSettings, settings: Settings) -> Path:
    return group.jwt_keys_dir or settings.runtime.data_dir / DEVELOPMENT_DIRECTORY
