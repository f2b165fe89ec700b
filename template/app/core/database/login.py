"""What new connections are opened with, and what is to take its place."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.engine import URL

log = structlog.get_logger("app.database")


class DatabaseLogin:
    def __init__(self, url: URL) -> None:
        self.url = url
        self.offered: URL | None = None
        self.number = 0
        """A connection that was opened with a smaller one is to be replaced."""
        self.ask_for_another: Callable[[], Awaitable[None]] = _nobody_to_ask
        """Called where the server refuses what there is."""

    @property
    def candidates(self) -> list[URL]:
        return [self.url] if self.offered is None else [self.url, self.offered]

    def took(self, url: URL) -> None:
        """The server has let somebody in with it."""
        if url == self.offered:
            self.url, self.offered = url, None
            self.number += 1
            log.info("database.login_replaced")


async def _nobody_to_ask() -> None: ...
