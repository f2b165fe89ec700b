"""What a store answers, made into settings; what it does not answer, made into a sentence."""

import json
from typing import Any, Never

from app.core.settings import ConfigurationError
from app.core.settings.group import Found

PREFIX = "SECRETS_BACKEND"


def refuse(sentence: str) -> Never:
    raise ConfigurationError([f"{PREFIX}: {sentence}"])


def missing(*names: str) -> Never:
    raise ConfigurationError([f"{name}: the store of secrets needs it" for name in names])


def parsed(text: str | bytes, where: str) -> Found:
    """Raises ConfigurationError, which holds nothing of the text."""
    try:
        document = json.loads(text)
    except ValueError:
        refuse(f"{where} is not JSON")
    return settings_of(document, where)


def settings_of(document: Any, where: str) -> Found:
    """Raises ConfigurationError."""
    if not isinstance(document, dict):
        refuse(f"{where} is not a JSON object of settings by name")
    for name, value in document.items():
        if not isinstance(value, str | int | float):
            refuse(f"{where} holds {name}, which is not a text")
    return {name.lower(): _text(value) for name, value in document.items()}


def _text(value: str | float) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value)
