"""`uv run python -m benchmarks PROJECT`: PROJECT is a rendered project after `uv sync`."""

import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import costs, jobs, login, memory
from benchmarks.run import measure


def main() -> None:
    if len(sys.argv) != 2 or not (project := Path(sys.argv[1]).resolve() / ".venv").is_dir():
        raise SystemExit(f"{__doc__}\n(no .venv found: run `uv sync` there first)")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as data:
        for figure in measure(project.parent, Path(data), progress=print):
            print(figure.line())
        if (project.parent / "app" / "core" / "database" / "postgres.py").exists():
            print(login.measure(project.parent, Path(data), progress=print).line())
        if all((project.parent / "app" / one).exists() for one in costs.NEEDS):
            for cost in costs.measure(project.parent, Path(data), progress=print):
                print(cost.line())
            for store in memory.measure(project.parent, progress=print):
                print(store.line())
        if (project.parent / "app" / "features" / "jobs").is_dir():
            print(jobs.measure(project.parent, Path(data), progress=print).line())


main()
