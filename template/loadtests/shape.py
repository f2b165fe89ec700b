"""How a run is shaped, whatever tool runs it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    scenario: str
    clients: int
    seconds: int
    pause_seconds: float
    """Between two requests of a client, on average."""


CHECK = Shape("mixed", clients=10, seconds=10, pause_seconds=0.1)
"""The short run of CI."""
