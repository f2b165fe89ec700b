"""A token that opens a store, kept until shortly before it ends."""

import time
from collections.abc import Callable
from typing import Any

from app.core.settings.group import Found
from app.features.secrets.backends.document import refuse
from app.features.secrets.backends.http import ForbiddenError

MARGIN_SECONDS = 60.0


class Access:
    def __init__(self, obtain: Callable[[], tuple[str, float]]) -> None:
        """`obtain` returns a token and for how many seconds it lasts."""
        self._obtain = obtain
        self._token: str | None = None
        self._until = 0.0

    def read(self, read_with: Callable[[str], Found]) -> Found:
        """With another token where the one that was kept is refused. Raises ConfigurationError."""
        is_kept = self._token is not None and time.monotonic() < self._until
        try:
            return read_with(self._current())
        except ForbiddenError as error:
            self._token = None
            if not is_kept:
                refuse(str(error))
        try:
            return read_with(self._current())
        except ForbiddenError as error:
            self._token = None
            refuse(str(error))

    def _current(self) -> str:
        if self._token is None or time.monotonic() >= self._until:
            self._token, seconds = self._obtain()
            self._until = time.monotonic() + seconds - MARGIN_SECONDS
        return self._token


def lifetime(seconds: Any) -> float:
    """Some answer with a number, some with its text."""
    try:
        return float(seconds)
    except (TypeError, ValueError):
        return 0.0
