"""What carries the ids of jobs to workers. The table knows everything else."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

type Handle = Callable[[Sequence[UUID]], Awaitable[None]]
"""The ids of one message; returns once all of them have ended."""


class Broker(Protocol):
    async def send(self, ids: Sequence[UUID]) -> None:
        """Raises whatever stands in the way."""
        ...

    async def consume(self, handle: Handle) -> None:
        """Hands over what arrives until it is cancelled; it comes back by itself when the server
        does. What it has begun it finishes, within WORKER_SHUTDOWN_SECONDS.
        """
        ...
