"""The project's metadata, read from the installed package, so that no source file repeats it."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points


@dataclass(frozen=True)
class Project:
    name: str
    version: str
    summary: str


@lru_cache
def project() -> Project:
    """Raises RuntimeError where the project is not installed in the running environment."""
    for entry in entry_points(group="console_scripts", name="app"):
        if entry.value == "app.cli:main" and entry.dist is not None:
            metadata = entry.dist.metadata
            return Project(metadata["Name"], metadata["Version"], metadata.get("Summary", ""))
    raise RuntimeError("the project is not installed: run `uv sync`")
