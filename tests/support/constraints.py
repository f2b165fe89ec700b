"""`uv run python -m tests.support.constraints` takes the newest versions the template's pins allow.

Where two variants need different versions of a package, the newest of them is the limit of both.
"""

import tempfile
from collections import defaultdict
from pathlib import Path

from packaging.version import Version

from tests.support import covering
from tests.support.environment import CONSTRAINTS, lock, locked_versions
from tests.support.rendering import render

HEADING = "# Every variant is tested with these; `uv run python -m tests.support.constraints`.\n"


def resolve() -> dict[str, set[str]]:
    versions: defaultdict[str, set[str]] = defaultdict(set)
    done: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for number, answers in enumerate(covering.rows("pairs")):
            project = render(Path(folder) / str(number), **answers)
            declared = (project / "pyproject.toml").read_text()
            if declared not in done:
                done.add(declared)
                lock(project, [])
                for name, version in locked_versions(project / "uv.lock").items():
                    versions[name].add(version)
    return versions


def limit(name: str, versions: set[str]) -> str:
    newest = max(versions, key=Version)
    return f"{name}{'==' if len(versions) == 1 else '<='}{newest}\n"


if __name__ == "__main__":
    found = resolve()
    CONSTRAINTS.write_text(HEADING + "".join(limit(name, found[name]) for name in sorted(found)))
