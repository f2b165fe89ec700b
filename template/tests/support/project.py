"""A copy of this project that a test may change, and its command line in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 180
"""A bound for what hangs: on a busy machine a command takes a minute to start."""


def copied(directory: Path, *, with_revisions: bool = False) -> Path:
    """The code without what the owner added: the template's part alone.

    With the owner's revisions it knows a database that these tests have migrated.
    """
    project = directory / "project"
    ignored = shutil.ignore_patterns("__pycache__", *(() if with_revisions else ("versions",)))
    for name in ("app", "migrations", "tooling"):
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    domains = Path("app", "domains")
    shutil.rmtree(project / domains)
    write(project / domains / "__init__.py", (ROOT / domains / "__init__.py").read_text())
    write(project / "app" / "installed.py", "DOMAINS = ()\n")
    return project


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def environment(project: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(project), "LOG_FORMAT": "json"}


def start(project: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """`app <arguments>` of that copy; its output goes to a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=project,
        env=environment(project) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(project: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit status and output."""
    process = start(project, *arguments, **variables)
    output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, output


def run_tests(project: Path, tests: str) -> str:
    """What pytest says about tests of that copy, which share this project's support."""
    for name in ("__init__.py", "conftest.py", "support", "features"):
        (project / "tests" / name).symlink_to(ROOT / "tests" / name)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "--no-cov", "-p", "no:cacheprovider", tests],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return done.stdout + done.stderr
