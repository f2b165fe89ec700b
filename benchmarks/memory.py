"""What the rate limits of a process hold after a million distinct keys, in resident memory."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import kept

MOST_MB = 50
"""The process without them has 100 to 150."""
FILLED = """
import asyncio, json, os, sys
from pathlib import Path

from app.features.rate_limit.windows import MemoryWindows, Window


def rss_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


async def main():
    windows, before = MemoryWindows(), rss_mb()
    for number in range(int(sys.argv[1])):
        await windows.hit([Window("default", f"default/{number}", 600, 60)])
    print(json.dumps({"rate limits": rss_mb() - before}))


asyncio.run(main())
"""


@dataclass(frozen=True)
class MemoryFigure:
    store: str
    keys: int
    grown_mb: float

    def line(self) -> str:
        grown = f"RSS +{self.grown_mb:.0f} MB (most {MOST_MB})"
        return f"{self.store:<12} {self.keys} distinct keys, {grown}"


def measure(
    project: Path, *, keys: int = 1_000_000, progress: Callable[[str], None] = lambda _: None
) -> list[MemoryFigure]:
    """`project` is a rendered and synced project with rate limits, on Linux."""
    progress(f"memory: {keys} keys for each store")
    python = str(project / ".venv" / "bin" / "python")
    command = [python, "-c", FILLED, str(keys)]
    printed = subprocess.run(command, cwd=project, env=kept(), check=True, stdout=subprocess.PIPE)
    grown: dict[str, float] = json.loads(printed.stdout)
    return [MemoryFigure(store, keys, megabytes) for store, megabytes in grown.items()]
