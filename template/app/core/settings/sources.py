"""Where a value comes from that neither the environment nor `.env` has.

Files in SECRETS_DIR, then the secret backend, where the service has one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from app.core.settings import secret_files
from app.core.settings.group import Found, Reader, SettingsGroup


class SecretBackend(Protocol):
    """An external store of secrets."""

    @property
    def is_open(self) -> bool: ...

    def find(self, files: Found) -> Found:
        """Blocks. Its own settings may stand in `files`. Raises ConfigurationError."""
        ...


type OpenBackend = Callable[[Reader, Found], SecretBackend]

_backend: tuple[type[SettingsGroup], OpenBackend] | None = None


def use_backend(settings: type[SettingsGroup], open_backend: OpenBackend) -> None:
    """Called when `app` is imported, so that every `Settings()` reads the backend."""
    global _backend
    _backend = settings, open_backend


class SecretSources:
    def __init__(self, secrets_dir: Path | None, reader: Reader) -> None:
        self._secrets_dir = secrets_dir
        self.backend_settings: type[SettingsGroup] | None = None
        self._backend: SecretBackend | None = None
        if _backend is not None:
            self.backend_settings, open_backend = _backend
            self._backend = open_backend(reader, self._files())

    @property
    def may_change(self) -> bool:
        """While the service runs."""
        has_backend = self._backend is not None and self._backend.is_open
        return self._secrets_dir is not None or has_backend

    def find(self) -> Found:
        """Blocks. Raises ConfigurationError."""
        files = self._files()
        return files if self._backend is None else {**self._backend.find(files), **files}

    def _files(self) -> Found:
        return {} if self._secrets_dir is None else secret_files.read(self._secrets_dir)
