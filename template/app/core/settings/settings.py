"""The settings of one process, and what follows them while it runs.

Precedence: what is given to `Settings(...)`, the environment, `.env`, then secret sources.
"""

import os
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fastapi import Request
from pydantic import Field

from app.core import registry
from app.core.settings.group import ConfigurationError, Found, Reader, SettingsGroup
from app.core.settings.sources import SecretSources


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class RuntimeSettings(SettingsGroup):
    environment: Environment = Environment.DEVELOPMENT
    """Production refuses to start with what is weak or missing."""
    secrets_dir: Path | None = None
    """A directory of files named as settings, read before the defaults."""
    secrets_reload_seconds: float = Field(10, gt=0, le=25)
    """How often it is looked whether a secret has another value."""
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


type Groups = Mapping[type[SettingsGroup], Any]
type Check = Callable[[Groups], Iterator[str]]


class Settings:
    """The groups of one process, each read when its part is installed."""

    def __init__(self, *, env_file: Path | None = Path(".env"), **values: Any) -> None:
        self._given = {name.lower(): value for name, value in values.items()}
        self._reader = Reader(env_file, self._given)
        self.runtime = self._reader.read(RuntimeSettings, {})
        self._groups: dict[type[SettingsGroup], SettingsGroup] = {RuntimeSettings: self.runtime}
        self.revision = 1
        """Grows when a group is read, for the first time or anew."""
        secrets_dir = _existing(self.runtime.secrets_dir)
        self._sources = SecretSources(secrets_dir, self._reader)
        self._found = self._sources.find()
        self._backend_settings = self._sources.backend_settings
        if self._backend_settings is not None:
            self.group(self._backend_settings)
        self.listeners: list[Listener] = []
        self.checks: list[Check] = []
        """What production refuses about groups that depend on each other."""

    @property
    def groups(self) -> tuple[SettingsGroup, ...]:
        return tuple(self._groups.values())

    @property
    def may_change(self) -> bool:
        return self._sources.may_change

    def group[G: SettingsGroup](self, kind: type[G]) -> G:
        """Raises ConfigurationError that names the settings that do not parse."""
        if kind not in self._groups:
            self._groups[kind] = self._reader.read(kind, self._found)
            self.revision += 1
        group = self._groups[kind]
        assert isinstance(group, kind)  # noqa: S101
        return group

    def on_change[G: SettingsGroup](
        self, kind: type[G], names: Collection[str], take: Callable[[G], Awaitable[None]]
    ) -> None:
        """`take` is called with the group when a secret reload finds another value for a name."""
        self.listeners.append(Listener(kind, frozenset(names), take))

    def default(self, *, development: Any, production: Any) -> Any:
        return production if self.runtime.is_production else development

    def check(self) -> None:
        """Raises ConfigurationError for what no part reads, and for what production refuses."""
        known = {name for group in self.groups for name in type(group).model_fields}
        unread = [f"{name.upper()}: no part reads it" for name in self._given.keys() - known]
        self._refuse(unread + self._problems(self.groups))

    def check_group(self, kind: type[SettingsGroup]) -> None:
        """Raises ConfigurationError for what production refuses about this group."""
        if self.runtime.is_production:
            self._refuse(list(self.group(kind).problems()))

    def find(self) -> Found:
        """What files and stores hold now. Blocks. Raises ConfigurationError."""
        return self._sources.find()

    def is_in_force(self, found: Found) -> bool:
        return found == self._found

    def adopt(self, found: Found) -> dict[type[SettingsGroup], set[str]]:
        """The names that have other values now, by group.

        Raises ConfigurationError, and changes nothing, where the service would not start with them.
        """
        fresh: dict[type[SettingsGroup], SettingsGroup] = {
            kind: self._reader.read(kind, found) for kind in self._groups
        }
        fresh[RuntimeSettings] = self.runtime
        self._refuse(self._problems(tuple(fresh.values())))
        changed = {kind: _differing(self._groups[kind], group) for kind, group in fresh.items()}
        self._groups, self._found = fresh, found
        if self._backend_settings is not None:
            changed.pop(self._backend_settings, None)  # the sources have followed already
        self.revision += 1
        return {kind: names for kind, names in changed.items() if names}

    def _problems(self, groups: tuple[SettingsGroup, ...]) -> list[str]:
        if not self.runtime.is_production:
            return []
        by_kind = {type(group): group for group in groups}
        found = [problem for group in groups for problem in group.problems()]
        return found + [problem for check in self.checks for problem in check(by_kind)]

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            raise ConfigurationError(sorted(problems))


def settings_of(request: Request) -> Settings:
    return registry.get(request, Settings)


def _existing(directory: Path | None) -> Path | None:
    if directory is not None and not directory.is_dir():
        raise ConfigurationError([f"SECRETS_DIR: {os.fspath(directory)} is not a directory"])
    return directory


def _differing(before: SettingsGroup, now: SettingsGroup) -> set[str]:
    names = type(now).model_fields
    return {name for name in names if getattr(before, name) != getattr(now, name)}
