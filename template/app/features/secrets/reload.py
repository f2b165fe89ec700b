"""Secrets that change while the service runs: found again at an interval, judged, then handed on.

A part says which of its settings it can take over; every other waits for the next start, and a
line in the log says so. A source that fails, or that holds what the service would not start with,
changes nothing: the last good values stay, and readiness says `degraded`.
"""

import asyncio

import structlog
from fastapi import FastAPI
from pydantic import Field

from app.core import health, lifespan, registry
from app.core.settings import ConfigurationError, RuntimeSettings, Settings, SettingsGroup
from app.core.settings.group import Found
from app.core.settings.settings import Listener

log = structlog.get_logger("app.secrets")

SETTLING_SECONDS = 0.1
"""What is found differs twice in this time: somebody is still writing it."""


type Changed = dict[type[SettingsGroup], set[str]]
"""Names that have other values, by group."""


class ReloadSettings(SettingsGroup):
    secrets_reload_seconds: float = Field(10, gt=0, le=25)
    """How often the service looks whether a secret has another value."""


class StaleSecretsError(Exception):
    """The sources cannot be used at present: what is in force may be out of date."""


class SecretReload:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._problems: list[str] = []
        self._running: asyncio.Task[None] | None = None

    async def reload(self) -> None:
        """Returns once it was looked, by this call or by one under way; raises nothing."""
        if self._running is None:
            self._running = asyncio.create_task(self._reload())
        await asyncio.shield(self._running)

    async def ping(self) -> None:
        if self._problems:
            raise StaleSecretsError

    async def _reload(self) -> None:
        try:
            changed = await self._changed()
        except ConfigurationError as error:
            self._note(error.problems)
        except Exception as error:  # the edge of a loop: a library's error must not end it
            self._note([f"a source failed with {type(error).__name__}"])
        else:
            self._note([])
            await self._hand_on(changed)
        finally:
            self._running = None

    async def _changed(self) -> Changed:
        """Nothing while it is still being written. Raises ConfigurationError."""
        found = await asyncio.to_thread(self._settings.find)
        if found == self._settings.found:
            return {}
        await asyncio.sleep(SETTLING_SECONDS)
        if await asyncio.to_thread(self._settings.find) != found:
            return {}
        return adopt(self._settings, found)

    def _note(self, problems: list[str]) -> None:
        if problems and problems != self._problems:
            log.error("secrets.reload_failed", problems=problems)
        if self._problems and not problems:
            log.info("secrets.reload_works_again")
        self._problems = problems

    async def _hand_on(self, changed: Changed) -> None:
        taken: set[str] = set()
        for one in self._settings.listeners:
            names = changed.get(one.kind, set()) & one.names
            if names:
                await self._hand_to(one)
                taken |= names
        if taken:
            log.info("secrets.reloaded", settings=_shown(taken))
        if waiting := set().union(*changed.values()) - taken:
            log.warning("secrets.restart_needed", settings=_shown(waiting))

    async def _hand_to(self, one: Listener) -> None:
        try:
            await one.take(self._settings.group(one.kind))
        except Exception:  # the edge of a loop: one part's failure is not another's
            log.exception("secrets.not_taken", part=one.kind.__name__)


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(ReloadSettings)
    reload = registry.add(app, SecretReload, SecretReload(settings))
    has_store = settings.store is not None and settings.store.is_open
    if settings.runtime.secrets_dir is not None or has_store:
        health.register(app, "secrets", reload.ping, critical=False)
        lifespan.add(app, lambda: lifespan.repeated(reload.reload, group.secrets_reload_seconds))


def adopt(settings: Settings, found: Found) -> Changed:
    """Puts the found values into force.

    Raises ConfigurationError, and changes nothing, where the service would not start with them.
    """
    fresh = {kind: settings.reader.read(kind, found) for kind in settings.by_kind}
    fresh[RuntimeSettings] = settings.runtime
    if problems := settings.problems(fresh):
        raise ConfigurationError(problems)
    before = settings.by_kind
    settings.by_kind, settings.found = fresh, found
    settings.revision += 1
    changed = {kind: _differing(before[kind], group) for kind, group in fresh.items()}
    return {kind: names for kind, names in changed.items() if names}


def _differing(before: SettingsGroup, now: SettingsGroup) -> set[str]:
    names = type(now).model_fields
    return {name for name in names if getattr(before, name) != getattr(now, name)}


def _shown(names: set[str]) -> list[str]:
    return sorted(name.upper() for name in names)
