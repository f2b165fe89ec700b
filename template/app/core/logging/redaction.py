"""The values that no line may show: every secret setting, and the password of every URL.

`logging.redact` goes by the name of a key; this goes by the value, wherever in a line it stands.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from structlog.types import WrappedLogger

from app.core.settings import Settings, SettingsGroup

CONCEALED = b"[concealed]"
MIN_LENGTH = 8
"""A shorter value would be found in words that are no secret."""


class Redaction:
    """The last processor: it reads rendered lines.

    Groups that are read later count too; a value that was replaced stays concealed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._revision_seen = 0
        self._values: tuple[bytes, ...] = ()

    def __call__(self, _: WrappedLogger, __: str, line: Any) -> bytes:
        if self._settings.revision != self._revision_seen:
            self._revision_seen = self._settings.revision
            known = _encoded(self._settings.groups).union(self._values)
            self._values = tuple(sorted(known, key=len, reverse=True))
        rendered: bytes = line
        for value in self._values:
            if value in rendered:
                rendered = rendered.replace(value, CONCEALED)
        return rendered


def _encoded(groups: tuple[SettingsGroup, ...]) -> set[bytes]:
    """As they stand in text, and as JSON escapes them."""
    secrets = {secret for group in groups for secret in _secrets(group)}
    long = {secret for secret in secrets if len(secret) >= MIN_LENGTH}
    escaped = {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in long}
    return {text.encode("utf-8", "surrogatepass") for text in long | escaped}


def _secrets(group: SettingsGroup) -> Iterator[str]:
    for _, value in group:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and (password := url_password(text)):
            yield password
            yield unquote(password)


def url_password(value: str) -> str | None:
    try:
        return urlsplit(value).password if "://" in value else None
    except ValueError:
        return None
