"""Sizes of fresh renders: `uv run python -m scripts.size`.

A line is a physical line of a `.py` file. `tests/docs/test_sizes.py` holds the bounds, and the
README shows the table.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.rendering import presets, render

HEADING = """| preset | files | lines of `app/` | of `tooling/` | of `tests/` |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Size:
    files: int
    app: int
    tooling: int
    tests: int


def measure(preset: str) -> Size:
    """Renders the preset."""
    with tempfile.TemporaryDirectory() as folder:
        project = render(Path(folder) / "service", preset=preset)
        files = sum(path.is_file() for path in project.rglob("*"))
        return Size(files, *(_lines(project / one) for one in ("app", "tooling", "tests")))


def row(preset: str, size: Size) -> str:
    numbers = (size.files, size.app, size.tooling, size.tests)
    return f"| `{preset}` | {' | '.join(f'{number:,}' for number in numbers)} |"


def _lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))


if __name__ == "__main__":
    print(HEADING, end="")
    for name in presets():
        print(row(name, measure(name)))
