"""The settings of one process.

Precedence: what is given to `Settings(...)`, the environment, `.env`, files in SECRETS_DIR, then
the secret store, where the service has one.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from fastapi import Request

from app.core import registry
from app.core.settings import secret_files
from app.core.settings.group import ConfigurationError, Found, Reader, SettingsGroup


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class RuntimeSettings(SettingsGroup):
    environment: Environment = Environment.DEVELOPMENT
    """Production refuses to start with what is weak or missing."""
    secrets_dir: Path | None = None
    """A directory of files named as settings, read before the defaults."""
    data_dir: Path = Path("var")
    """Where development keeps its database and its generated key."""

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION


@dataclass(frozen=True)
class Listener:
    kind: type[SettingsGroup]
    names: frozenset[str]
    take: Callable[[Any], Awaitable[None]]


class SecretStore(Protocol):
    """Secrets outside this machine."""

    @property
    def is_open(self) -> bool: ...

    def find(self, files: Found) -> Found:
        """Blocks. Its own settings may stand in `files`. Raises ConfigurationError."""
        ...


type Groups = Mapping[type[SettingsGroup], Any]
type Check = Callable[[Groups], Iterator[str]]

open_store: Callable[["Settings"], SecretStore] | None = None
"""Set when `app` is imported, so that every `Settings()` reads the store."""


class Settings:
    """The groups of one process, each read when its part is installed."""

    def __init__(self, *, env_file: Path | None = Path(".env"), **values: Any) -> None:
        self._given = {name.lower(): value for name, value in values.items()}
        self.reader = Reader(env_file, self._given)
        self.runtime = self.reader.read(RuntimeSettings, {})
        self.by_kind: dict[type[SettingsGroup], SettingsGroup] = {RuntimeSettings: self.runtime}
        self.revision = 1
        """Grows when a group is read."""
        self.listeners: list[Listener] = []
        self.checks: list[Check] = []
        """What production refuses about groups that depend on each other."""
        self.store: SecretStore | None = None
        self.found = self.find()
        if open_store is not None:
            self.store = open_store(self)
            self.found = self.find()

    @property
    def groups(self) -> tuple[SettingsGroup, ...]:
        return tuple(self.by_kind.values())

    def group[G: SettingsGroup](self, kind: type[G]) -> G:
        """Raises ConfigurationError that names the settings that do not parse."""
        if kind not in self.by_kind:
            self.by_kind[kind] = self.reader.read(kind, self.found)
            self.revision += 1
        group = self.by_kind[kind]
        assert isinstance(group, kind)  # noqa: S101
        return group

    def on_change[G: SettingsGroup](
        self, kind: type[G], names: Collection[str], take: Callable[[G], Awaitable[None]]
    ) -> None:
        """`take` is called with the group when one of the names gets another value."""
        self.listeners.append(Listener(kind, frozenset(names), take))

    def default(self, *, development: Any, production: Any) -> Any:
        return production if self.runtime.is_production else development

    def find(self) -> Found:
        """What files and the store hold now. Blocks. Raises ConfigurationError."""
        directory = self.runtime.secrets_dir
        files = {} if directory is None else secret_files.read(directory)
        return files if self.store is None else {**self.store.find(files), **files}

    def check(self) -> None:
        """Raises ConfigurationError for what no part reads, and for what production refuses."""
        known = {name for group in self.groups for name in type(group).model_fields}
        unread = [f"{name.upper()}: no part reads it" for name in self._given.keys() - known]
        self._refuse(unread + self.problems(self.by_kind))

    def check_group(self, kind: type[SettingsGroup]) -> None:
        """Raises ConfigurationError for what production refuses about this group."""
        if self.runtime.is_production:
            self._refuse(list(self.group(kind).problems()))

    def problems(self, by_kind: Groups) -> list[str]:
        """What production refuses about these groups."""
        if not self.runtime.is_production:
            return []
        found = [problem for group in by_kind.values() for problem in group.problems()]
        return found + [problem for check in self.checks for problem in check(by_kind)]

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            raise ConfigurationError(sorted(problems))


def settings_of(request: Request) -> Settings:
    return registry.get(request, Settings)
