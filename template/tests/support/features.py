"""What the folders of features below `tests/features` say about their own part."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

FEATURES = Path(__file__).resolve().parents[1] / "features"


def modules(name: str) -> list[ModuleType]:
    """`tests.features.<feature>.<name>` of every feature that has it."""
    folders = sorted(path.parent.name for path in FEATURES.glob(f"*/{name}.py"))
    return [import_module(f"tests.features.{folder}.{name}") for folder in folders]
