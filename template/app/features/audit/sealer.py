"""Has committed audit entries sealed, off the path of every request."""

import asyncio
from contextlib import suppress

import structlog

from app.core.database import Database
from app.features.audit.chain import seal_all
from app.features.audit.keys import AuditKeys

log = structlog.get_logger("app.audit")

INTERVAL_SECONDS = 2.0
"""For what another instance committed, or left behind when it crashed."""
GATHERING_SECONDS = 1.0
"""Waited after a commit, so that a burst is sealed in one transaction."""


class Sealer:
    """One per process; of several, one works and the others come again."""

    def __init__(self, database: Database, keys: AuditKeys) -> None:
        self._database = database
        self._keys = keys
        self._committed = asyncio.Event()
        self.at_rest = asyncio.Lock()
        """Held while it works: whoever ends it takes this first, and interrupts no statement."""
        self._last_problem: str | None = None

    async def wake(self) -> None:
        self._committed.set()

    async def run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._committed.wait(), INTERVAL_SECONDS)
                await asyncio.sleep(GATHERING_SECONDS)
            self._committed.clear()
            async with self.at_rest:
                self._note(await self._problem())

    async def _problem(self) -> str | None:
        try:
            await seal_all(self._database, self._keys)
        except Exception as error:  # the edge of a task: it goes on when the database is back
            return f"{type(error).__name__}: {error}"
        return None

    def _note(self, problem: str | None) -> None:
        """A problem is told once, not at every attempt."""
        if problem is not None and problem != self._last_problem:
            log.error("audit.sealing.failed", reason=problem)
        self._last_problem = problem
