"""What the folders of features below `tests/features` say about their own part."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType

from tests import features


def modules(name: str) -> list[ModuleType]:
    """`tests.features.<feature>.<name>` of every feature that has it."""
    folders = [f"{features.__name__}.{found.name}" for found in iter_modules(features.__path__)]
    return [import_module(f"{one}.{name}") for one in folders if find_spec(f"{one}.{name}")]
