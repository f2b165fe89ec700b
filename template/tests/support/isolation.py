"""Keeps the developer's environment, `.env` and logging out of the tests, and theirs out of it."""

import logging
import os
from collections.abc import Iterator

import structlog

from app.commands import serve
from app.core.settings import SettingsGroup
from app.main import create_app

SOURCES = (create_app, serve)
"""Imported, so that every settings group is known."""


def setting_names(package: str = "") -> set[str]:
    """Those of the groups that a package declares."""
    groups = [kind for kind in _subclasses(SettingsGroup) if kind.__module__.startswith(package)]
    return {name for group in groups for name in group.model_fields}


def configured_variables() -> list[str]:
    """Variables of this process that a service would read, in whatever case."""
    names = setting_names()
    return [variable for variable in os.environ if variable.lower() in names]


def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    # The tests' own client is no part of the service, and says all it sees.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _subclasses(kind: type[SettingsGroup]) -> Iterator[type[SettingsGroup]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
