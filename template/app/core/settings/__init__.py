"""Settings: one group per part, declared where it is used, read from one flat set of names."""

from app.core.settings.group import CommaList, ConfigurationError, SettingsGroup
from app.core.settings.settings import Environment, RuntimeSettings, Settings, settings_of

__all__ = [
    "CommaList",
    "ConfigurationError",
    "Environment",
    "RuntimeSettings",
    "Settings",
    "SettingsGroup",
    "settings_of",
]
