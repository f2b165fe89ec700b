"""Lays `tests/rendered/` over the tests of a rendered project.

Those tests prove the template. The owner of a project neither reads nor extends them.
"""

import shutil
from pathlib import Path

from tests.support.rendering import ROOT
from tests.support.trees import inside

SUPPORT = Path("tests", "support", "project.py")
"""Rendered only with a deployment; tests of this repository need it everywhere."""
RENDERED = ROOT / "tests" / "rendered"
NEEDS = {
    "features/federation": "app/features/federation",
    "features/jobs": "app/features/jobs",
    "loadtests": "loadtests",
    "loadtests/k6": "loadtests/k6_tool.py",
    "tooling/test_new_job.py": "tooling/new/job.py",
    "tooling/test_new_provider.py": "tooling/new/provider.py",
}
"""What a project must have for a test or a folder of tests. All others apply to every project."""


def lay_over(project: Path) -> None:
    shutil.copy2(ROOT / "template" / SUPPORT, project / SUPPORT)
    for path in RENDERED.rglob("*"):
        name = path.relative_to(RENDERED).as_posix()
        if path.is_file() and path.suffix != ".pyc" and _applies(name, project):
            target = project / "tests" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _applies(name: str, project: Path) -> bool:
    needed = [path for test, path in NEEDS.items() if inside(name, test)]
    return all((project / path).exists() for path in needed)
